// Package tables creates a template's tables in DynamoDB Local, and saves and restores their items.
//
// It speaks DynamoDB's JSON protocol itself, so that items stay the JSON that they are on the wire: they are written to a
// file and read back without being understood, and records of a stream are already what Lambda hands to a function.
package tables

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client calls one database of DynamoDB Local: an access key and a region.
type Client struct {
	// Endpoint is the address without a slash at the end.
	Endpoint, AccessKey, Region string
	// HTTP sends the requests; nil means http.DefaultClient.
	HTTP *http.Client
}

// Error is a refusal of DynamoDB.
type Error struct {
	Operation string
	// Type is the exception, such as ResourceNotFoundException.
	Type    string
	Message string
	Status  int
}

func (e *Error) Error() string {
	return fmt.Sprintf("dynamodb %s: %s (%d): %s", e.Operation, e.Type, e.Status, e.Message)
}

// maxAnswerBytes bounds an answer: a page is 1 MB of items, which JSON can make several times longer.
const maxAnswerBytes = 64 << 20

// Call sends one request. Operations of streams have the prefix "Streams.", as in Streams.GetRecords.
func (c *Client) Call(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("dynamodb %s: %w", operation, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Endpoint+"/", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("dynamodb %s: %w", operation, err)
	}
	target := "DynamoDB_20120810." + operation
	if name, ok := strings.CutPrefix(operation, "Streams."); ok {
		target = "DynamoDBStreams_20120810." + name
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.0")
	req.Header.Set("X-Amz-Target", target)
	// DynamoDB Local takes the database from the credential and looks at no signature.
	now := time.Now().UTC()
	req.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	req.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s/%s/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
		c.AccessKey, now.Format("20060102"), c.Region))
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("dynamodb %s: %w", operation, err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswerBytes))
	if err != nil {
		return fmt.Errorf("dynamodb %s: %w", operation, err)
	}
	if res.StatusCode != http.StatusOK {
		return refusal(operation, res.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("dynamodb %s: %w", operation, err)
	}
	return nil
}

func refusal(operation string, status int, answer []byte) error {
	var body struct {
		Type         string `json:"__type"`
		Message      string `json:"message"`
		UpperMessage string `json:"Message"`
	}
	if err := json.Unmarshal(answer, &body); err != nil {
		return &Error{Operation: operation, Status: status, Message: string(answer)}
	}
	_, name, found := strings.Cut(body.Type, "#")
	if !found {
		name = body.Type
	}
	return &Error{Operation: operation, Type: name, Message: body.Message + body.UpperMessage, Status: status}
}
