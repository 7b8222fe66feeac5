package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/internal/wire"
)

// slow is a connection that notices late that it has written: by then the answer
// is there and the SDK has closed the body.
type slow struct {
	net.Conn
	answered chan struct{}
}

func (c slow) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if bytes.HasSuffix(b, []byte("}")) {
		<-c.answered
	}
	return n, err
}

// A busy machine, made certain: every answer is there before the writer of the
// request runs on.
func TestTheSDKKeepsItsConnectionOnABusyMachine(t *testing.T) {
	answered := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, `{"Item":{"text":{"S":"`+strings.Repeat("x", 100_000)+`"}}}`)
	}))
	defer server.Close()
	var dials atomic.Int64
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return slow{conn, answered}, err
	}}
	defer transport.CloseIdleConnections()
	client := dynamodb.New(dynamodb.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), Retryer: aws.NopRetryer{},
		HTTPClient: &http.Client{Transport: releasing{wire.Whole(transport), answered}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
	for range 20 {
		_, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: aws.String("seats"), Key: map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: "a"}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := dials.Load(); n != 1 {
		t.Errorf("%d connections for 20 calls, want one", n)
	}
}

// releasing lets the writer run on once the SDK has the answer's head.
type releasing struct {
	next     http.RoundTripper
	answered chan struct{}
}

func (r releasing) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := r.next.RoundTrip(request)
	if err == nil {
		_ = request.Body.Close() // as the SDK does
		r.answered <- struct{}{}
	}
	return answer, err
}

type recorder struct{ seen *http.Request }

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.seen = request
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

type body struct {
	io.Reader
	closed bool
	err    error
}

func (b *body) Close() error {
	b.closed = true
	return b.err
}

func TestARequestIsSentAsItIs(t *testing.T) {
	for name, text := range map[string]string{"a body": "text", "an empty body": ""} {
		next := &recorder{}
		b := &body{Reader: strings.NewReader(text)}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://example.com", b)
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = int64(len(text))
		if _, err := wire.Whole(next).RoundTrip(request); err != nil {
			t.Fatal(err)
		}
		sent, err := io.ReadAll(next.seen.Body)
		if err != nil || string(sent) != text || next.seen.ContentLength != int64(len(text)) || !b.closed {
			t.Errorf("%s: sent %q of %d bytes, closed %v (%v)", name, sent, next.seen.ContentLength, b.closed, err)
		}
		if request.Body != b {
			t.Errorf("%s: the caller's request was changed", name)
		}
	}
	next := &recorder{}
	plain := httptest.NewRequest(http.MethodGet, "http://example.com", nil)
	if _, err := wire.Whole(next).RoundTrip(plain); err != nil || next.seen != plain {
		t.Errorf("a request without a body is sent as another (%v)", err)
	}
}

func TestABodyThatCannotBeReadIsNotSent(t *testing.T) {
	broken := errors.New("broken")
	for name, b := range map[string]*body{
		"reading": {Reader: io.MultiReader(strings.NewReader("half"), failing{broken})},
		"closing": {Reader: strings.NewReader("whole"), err: broken},
	} {
		next := &recorder{}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://example.com", b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.Whole(next).RoundTrip(request); !errors.Is(err, broken) || next.seen != nil || !b.closed {
			t.Errorf("%s: %v, sent %v, closed %v", name, err, next.seen != nil, b.closed)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
