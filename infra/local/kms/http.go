package kms

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxBodyBytes leaves room for a message in base64 and JSON around it.
const maxBodyBytes = 4 * MaxMessageBytes

type request struct {
	KeyID            string `json:"KeyId"`
	Message          []byte
	MessageType      string
	SigningAlgorithm string
	KeySpec          string
	KeyUsage         string
}

// refusal is an error of KMS.
type refusal struct{ kind, message string }

func (r *refusal) Error() string { return r.kind + ": " + r.message }

// ServeHTTP answers KMS's JSON protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(w, r)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil {
		refused, ok := err.(*refusal)
		if !ok {
			refused = &refusal{"KMSInternalException", err.Error()}
		}
		w.Header().Set("X-Amzn-Errortype", refused.kind)
		w.WriteHeader(http.StatusBadRequest)
		answer = map[string]string{"__type": refused.kind, "message": refused.message}
	}
	_ = json.NewEncoder(w).Encode(answer) // a client that is gone needs no answer
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) (any, error) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	if !ok {
		return nil, &refusal{"UnknownOperationException", "the local KMS does not know " + r.Header.Get("X-Amz-Target")}
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		return nil, &refusal{"MissingAuthenticationTokenException", "Missing Authentication Token"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		return nil, &refusal{"ValidationException", "the request is too large or was not sent to its end"}
	}
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, &refusal{"SerializationException", err.Error()}
	}
	switch operation {
	case "CreateKey":
		return s.createKey(in)
	case "DescribeKey", "GetPublicKey", "Sign":
	default:
		return nil, &refusal{"UnknownOperationException", "the local KMS answers CreateKey, DescribeKey, GetPublicKey and Sign, not " + operation}
	}
	id, key := s.find(in.KeyID)
	if key == nil {
		return nil, &refusal{"NotFoundException", fmt.Sprintf("Key '%s' does not exist", in.KeyID)}
	}
	switch operation {
	case "DescribeKey":
		return s.metadata(id), nil
	case "GetPublicKey":
		return s.publicKey(id, key)
	}
	return s.sign(id, key, in)
}

func (s *Server) createKey(in request) (any, error) {
	if in.KeySpec != keySpec || in.KeyUsage != keyUsage {
		return nil, &refusal{"UnsupportedOperationException", "the local KMS makes keys of " + keySpec + " for " + keyUsage + " alone"}
	}
	arn, err := s.Create()
	if err != nil {
		return nil, err
	}
	return s.metadata(arn[strings.LastIndexByte(arn, '/')+1:]), nil
}

func (s *Server) metadata(id string) any {
	return map[string]any{"KeyMetadata": map[string]any{
		"AWSAccountId": s.options.AccountID, "Arn": s.arn(id), "KeyId": id, "KeySpec": keySpec, "KeyUsage": keyUsage,
		"Enabled": true, "KeyState": "Enabled", "SigningAlgorithms": []string{algorithm, "ED25519_PH_SHA_512"},
	}}
}

func (s *Server) publicKey(id string, key ed25519.PrivateKey) (any, error) {
	der, err := subjectPublicKeyInfo(key)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"KeyId": s.arn(id), "KeySpec": keySpec, "CustomerMasterKeySpec": keySpec, "KeyUsage": keyUsage, "PublicKey": der,
		"SigningAlgorithms": []string{algorithm, "ED25519_PH_SHA_512"},
	}, nil
}

func (s *Server) sign(id string, key ed25519.PrivateKey, in request) (any, error) {
	switch {
	case in.SigningAlgorithm != algorithm:
		return nil, &refusal{"ValidationException", "Algorithm " + in.SigningAlgorithm + " is not answered here: use " + algorithm + "."}
	case in.MessageType != "" && in.MessageType != "RAW":
		return nil, &refusal{"ValidationException", algorithm + " requires the message type RAW."}
	case len(in.Message) < 1 || len(in.Message) > MaxMessageBytes:
		return nil, &refusal{"ValidationException", "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length between 1 and 4096"}
	}
	return map[string]any{"KeyId": s.arn(id), "Signature": ed25519.Sign(key, in.Message), "SigningAlgorithm": algorithm}, nil
}
