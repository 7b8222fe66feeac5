package boot

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/usher-seats/usher/internal/wire"
)

const (
	// dialTimeout: a healthy endpoint in the region accepts within milliseconds.
	dialTimeout = 2 * time.Second
	// callTimeout bounds one try. A 100-item transaction takes well under a
	// second; three tries must fit the 29 s of an HTTP function.
	callTimeout = 8 * time.Second
	// idleTimeout is longer than a quiet function usually lives.
	idleTimeout = 5 * time.Minute
	// maxAttempts includes the first try. The SDK retries network failures,
	// throttling and 5xx with back-off; transaction conflicts it does not retry,
	// the store does.
	maxAttempts = 3
	// idleConnections: one environment serves one request at a time, and a
	// request has a handful of calls under way at most.
	idleConnections = 16
)

// AWSConfig is made by hand from the variables that Lambda sets. The SDK's
// LoadDefaultConfig also looks for profiles, roles and metadata, which doubles
// the start. A hand-made configuration does not read AWS_ENDPOINT_URL_*: the
// constructors of clients take their endpoint from the function's configuration.
func AWSConfig(c Common) aws.Config {
	credentials := aws.Credentials{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey.Reveal(),
		SessionToken:    c.SessionToken.Reveal(),
		Source:          "environment",
	}
	return aws.Config{
		Region: c.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return credentials, nil
		}),
		HTTPClient:       httpClient(),
		RetryMaxAttempts: maxAttempts,
	}
}

func httpClient() aws.HTTPClient {
	transport := awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout }).
		WithTransportOptions(func(t *http.Transport) {
			t.IdleConnTimeout = idleTimeout
			t.MaxIdleConns = idleConnections
			t.MaxIdleConnsPerHost = idleConnections
		}).GetTransport()
	return &http.Client{
		Transport: wire.Whole(transport), Timeout: callTimeout,
		// No service redirects; who would follow one would send signed requests elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
