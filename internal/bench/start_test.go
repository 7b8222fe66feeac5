package bench

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usher-seats/usher/infra/local/build"
	"github.com/usher-seats/usher/infra/local/checkout"
)

const empty = "internal/bench/testdata/empty"

// BenchmarkStart has a row for each function.
func BenchmarkStart(b *testing.B) {
	root, err := checkout.Root()
	if err != nil {
		b.Fatal(err)
	}
	folders := []string{empty}
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		folders = append(folders, "functions/"+e.Name())
	}
	here, err := build.Functions(b.Context(), root, b.TempDir(), folders)
	if err != nil {
		b.Fatal(err)
	}
	deployed := sizes(b, root, folders)

	runtime := newRuntime(b)
	for _, folder := range folders {
		b.Run(filepath.Base(folder), func(b *testing.B) {
			var ours, least stopwatch
			for b.Loop() {
				least.time(func() { runtime.start(b, here[empty]) })
				ours.time(func() { runtime.start(b, here[folder]) })
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(milliseconds(ours.median()), "start-ms")
			b.ReportMetric(milliseconds(ours.median()-least.median()), "over-empty-ms")
			b.ReportMetric(float64(deployed[folder])/1e6, "arm64-MB")
		})
	}
}

// sizes are those of the binaries that are deployed, in bytes.
func sizes(b *testing.B, root string, folders []string) map[string]int64 {
	b.Helper()
	out := b.TempDir()
	args := append([]string{"build"}, build.Flags...)
	args = append(args, "-o", out+string(filepath.Separator))
	for _, folder := range folders {
		args = append(args, "./"+folder)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
	if messages, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, messages)
	}
	bytes := map[string]int64{}
	for _, folder := range folders {
		info, err := os.Stat(filepath.Join(out, filepath.Base(folder)))
		if err != nil {
			b.Fatal(err)
		}
		bytes[folder] = info.Size()
	}
	return bytes
}

// runtime is the Runtime API of Lambda, and an AWS that answers at once.
type runtime struct {
	api, aws *httptest.Server
	ready    chan struct{}
}

func newRuntime(b *testing.B) *runtime {
	r := &runtime{ready: make(chan struct{})}
	r.api = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "/invocation/next") {
			r.ready <- struct{}{}
		}
		<-req.Context().Done() // there is never an invocation
	}))
	r.aws = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	}))
	b.Cleanup(r.api.Close)
	b.Cleanup(r.aws.Close)
	return r
}

// start runs a binary until it asks for its first invocation, and ends it.
func (r *runtime) start(b *testing.B, binary string) {
	process := exec.Command(binary)
	process.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(r.api.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=bench",
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_ENDPOINT_URL_DYNAMODB=" + r.aws.URL, "AWS_ENDPOINT_URL_EVENTBRIDGE=" + r.aws.URL, "AWS_ENDPOINT_URL_SESV2=" + r.aws.URL,
		"SEATS_TABLE=seats", "KEYS_TABLE=keys", "EVENT_BUS=usher", "ISSUER_URL=" + r.aws.URL, "OIDC_CLIENT_ID=console",
		"OPERATOR_GROUP=operators", "GROUPS_CLAIM=groups", "CONSOLE_URL=https://seats.example.com", "MAIL_FROM=no-reply@example.com",
		"SIGNING_KEYS=alias/usher-license", "AWS_ENDPOINT_URL_KMS=" + r.aws.URL,
	}
	var said strings.Builder
	process.Stdout, process.Stderr = &said, &said
	if err := process.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	select {
	case <-r.ready:
		if err := process.Process.Kill(); err != nil {
			b.Fatal(err)
		}
		<-ended
	case err := <-ended:
		b.Fatalf("%s ended: %v\n%s", binary, err, said.String())
	case <-time.After(time.Minute):
		b.Fatalf("%s asked for no invocation in a minute", binary)
	}
}
