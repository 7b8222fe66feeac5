package boot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/usher-seats/usher/internal/logsafe"
)

func complete() map[string]string {
	return map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "canary-secret", "AWS_SESSION_TOKEN": "canary-session",
		"SEATS_TABLE": "seats", "KEYS_TABLE": "keys", "EVENT_BUS": "bus", "ISSUER_URL": "https://issuer.example.com",
		"OIDC_CLIENT_ID": "web", "OPERATOR_GROUP": "operators", "GROUPS_CLAIM": "cognito:groups",
		"CONSOLE_URL": "https://seats.example.com", "MAIL_FROM": "Usher <no-reply@example.com>", "MAIL_CONFIGURATION_SET": "",
		"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:8000", "AWS_ENDPOINT_URL_EVENTBRIDGE": "", "AWS_ENDPOINT_URL_SESV2": "", "SIGNING_KEYS": "first,second",
	}
}

func TestAFunctionsConfigurationIsReadFromTheEnvironment(t *testing.T) {
	accept, err := load[Accept](complete())
	if err != nil {
		t.Fatal(err)
	}
	if accept.Seats != "seats" || accept.Keys != "keys" || accept.Endpoint != "http://127.0.0.1:8000" || accept.Issuer.URL != "https://issuer.example.com" ||
		accept.GroupsClaim != "cognito:groups" || accept.Region != "eu-west-1" || accept.LogLevel != slog.LevelInfo {
		t.Errorf("got %+v", accept)
	}
	env := complete()
	env["LOG_LEVEL"] = "debug"
	due, err := load[CloseDue](env)
	if err != nil || due.Bus.Name != "bus" || due.SeatsOnly.Endpoint != "http://127.0.0.1:8000" || due.Bus.Endpoint != "" || due.LogLevel != slog.LevelDebug {
		t.Errorf("got %+v, %v", due, err)
	}
	mail, err := load[Mail](complete())
	if err != nil || mail.From != "Usher <no-reply@example.com>" || mail.ConfigurationSet != "" {
		t.Errorf("got %+v, %v", mail, err)
	}
}

func TestEverythingThatIsWrongIsListedAtOnceByNameAlone(t *testing.T) {
	_, err := load[Mail](map[string]string{
		"AWS_REGION": "", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "canary", "SEATS_TABLE": "canary", "LOG_LEVEL": "canary",
		"CONSOLE_URL": "canary",
	})
	want := "the environment is not right: AWS_REGION is empty; KEYS_TABLE is not set; LOG_LEVEL is not a slog.Level; MAIL_FROM is not set"
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
	env := complete()
	env["CONSOLE_URL"], env["MAIL_FROM"], env["AWS_ENDPOINT_URL_SESV2"] = "canary", "canary at example", "ftp://canary"
	_, err = load[Mail](env)
	want = "the environment is not right: AWS_ENDPOINT_URL_SESV2 is not an http or https address; CONSOLE_URL is not an http or https address; MAIL_FROM is not a mail address"
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

func TestAnOperatorGroupThatCannotBeToldFromTwoIsRefused(t *testing.T) {
	for group, ok := range map[string]bool{"operators": true, "usher-operators": true, "the operators": false, "[operators]": false, "a,b": false, `"x"`: false} {
		env := complete()
		env["OPERATOR_GROUP"] = group
		if _, err := load[Operator](env); (err == nil) != ok {
			t.Errorf("%q: %v", group, err)
		}
	}
}

func TestEveryConfigurationLoadsAndShowsNoSecret(t *testing.T) {
	checkConfig[Invite](t)
	checkConfig[Users](t)
	checkConfig[Owner](t)
	checkConfig[Assign](t)
	checkConfig[Revoke](t)
	checkConfig[SeatChange](t)
	checkConfig[Plan](t)
	checkConfig[Operator](t)
	checkConfig[Accept](t)
	checkConfig[Read](t)
	checkConfig[CloseDue](t)
	checkConfig[Expire](t)
	checkConfig[Close](t)
	checkConfig[Publish](t)
	checkConfig[Mail](t)
	checkConfig[Entitle](t)
	checkConfig[Remind](t)
	checkConfig[Request](t)
	checkConfig[Console](t)
}

func checkConfig[T any](t *testing.T) {
	t.Helper()
	cfg, err := load[T](complete())
	if err != nil {
		t.Errorf("%T: %v", cfg, err)
	}
	asJSON, err := json.Marshal(cfg)
	if err != nil {
		t.Errorf("%T: %v", cfg, err)
	}
	for _, text := range []string{fmt.Sprint(cfg), fmt.Sprintf("%+v", cfg), fmt.Sprintf("%#v", cfg), string(asJSON)} {
		if strings.Contains(text, "canary") {
			t.Errorf("%T shows its secret: %s", cfg, text)
		}
	}
	// An empty environment names every variable that the function cannot do without.
	_, err = load[T](nil)
	for _, name := range required(reflect.TypeFor[T]()) {
		if err == nil || !strings.Contains(err.Error(), name+" is not set") {
			t.Errorf("%T: %s is not named in %v", cfg, name, err)
		}
	}
}

func required(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, required(f.Type)...)
			continue
		}
		parts := strings.Split(f.Tag.Get("env"), ",")
		if slices.Contains(parts, "required") {
			out = append(out, parts[0])
		}
	}
	return out
}

func TestTheClientsSettingsAreTheEnvironments(t *testing.T) {
	cfg := AWSConfig(Common{Region: "eu-west-1", AccessKeyID: "a", SecretAccessKey: "b", SessionToken: "c"})
	got, err := cfg.Credentials.Retrieve(context.Background())
	if err != nil || got.AccessKeyID != "a" || got.SecretAccessKey != "b" || got.SessionToken != "c" || cfg.Region != "eu-west-1" || cfg.RetryMaxAttempts != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// testRuntime logs to the buffer, with a clock that moves 250 ms at every look.
func testRuntime(out *bytes.Buffer) Runtime {
	rt := newRuntime("assign", Common{LogLevel: slog.LevelInfo}, out)
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	rt.Now = func() time.Time {
		now = now.Add(250 * time.Millisecond)
		return now
	}
	return rt
}

func lines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, m)
	}
	return all
}

func TestAnInvocationWritesOneLineAndItsMetrics(t *testing.T) {
	var out bytes.Buffer
	rt := testRuntime(&out)
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "req-1"})
	got, err := wrap(rt, func(ctx context.Context, in string) (string, error) {
		logsafe.Set(ctx, slog.String("account", "acc_1"))
		logsafe.Count(ctx, logsafe.Conflicts, 2)
		logsafe.Count(ctx, logsafe.Conflicts, 1)
		return in + "!", nil
	})(ctx, "in")
	if got != "in!" || err != nil {
		t.Errorf("answered %q, %v", got, err)
	}
	all := lines(t, &out)
	if len(all) != 2 {
		t.Fatalf("%d lines: %s", len(all), out.String())
	}
	for key, want := range map[string]any{
		"msg": "invocation", "level": "INFO", "function": "assign", "request_id": "req-1", "account": "acc_1", "Conflicts": 3.0, "duration_ms": 250.0,
	} {
		if all[0][key] != want {
			t.Errorf("%s is %v, want %v", key, all[0][key], want)
		}
	}
	want := `{"Conflicts":3,"Function":"assign","_aws":{"CloudWatchMetrics":[{"Namespace":"Usher","Dimensions":[["Function"]],"Metrics":[{"Name":"Conflicts","Unit":"Count"}]}],"Timestamp":1795338000500}}`
	if _, line, _ := strings.Cut(out.String(), "\n"); strings.TrimSpace(line) != want {
		t.Errorf("metrics\n got %s\nwant %s", line, want)
	}
}

func TestAFailureIsLoggedOnceAndHandedOn(t *testing.T) {
	var out bytes.Buffer
	cause := errors.New("mail to canary@example.com refused")
	_, err := wrap(testRuntime(&out), func(context.Context, int) (int, error) { return 0, cause })(context.Background(), 1)
	if !errors.Is(err, cause) {
		t.Errorf("handed on %v", err)
	}
	all := lines(t, &out)
	if len(all) != 1 || all[0]["level"] != "ERROR" || all[0]["err"] != "mail to [email] refused" {
		t.Errorf("logged %s", out.String())
	}
}

func TestAPanicBecomesAnErrorSoThatTheTriggerTriesAgain(t *testing.T) {
	var out bytes.Buffer
	_, err := wrap(testRuntime(&out), func(context.Context, int) (int, error) { panic("out of luck") })(context.Background(), 1)
	if err == nil || err.Error() != "panic: out of luck" {
		t.Errorf("handed on %v", err)
	}
	all := lines(t, &out)
	if len(all) != 1 || all[0]["err"] != "panic: out of luck" || !strings.Contains(fmt.Sprint(all[0]["stack"]), "boot_test.go") {
		t.Errorf("logged %s", out.String())
	}
}

func TestAnAsynchronousFunctionKeepsHalfASecondForItself(t *testing.T) {
	deadline := time.Now().Add(10 * time.Second)
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	_, err := reserved(func(ctx context.Context, _ int) (int, error) {
		if got, ok := ctx.Deadline(); !ok || !got.Equal(deadline.Add(-500*time.Millisecond)) {
			t.Errorf("the deadline is %s", got)
		}
		return 0, nil
	})(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
}

func TestMetricsRefuseWhatTheirFormatCannotCarry(t *testing.T) {
	counts := map[string]int64{}
	for i := range 100 {
		counts[fmt.Sprint("m", i)] = 1
	}
	var out bytes.Buffer
	m := Metrics{Out: &out, Function: "assign"}
	if err := m.Put(time.Unix(0, 0), counts); err != nil {
		t.Errorf("100 metrics: %v", err)
	}
	counts["one more"] = 1
	if err := m.Put(time.Unix(0, 0), counts); err == nil {
		t.Error("101 metrics went into one line")
	}
	out.Reset()
	if err := m.Put(time.Unix(0, 0), nil); err != nil || out.Len() != 0 {
		t.Errorf("no metrics wrote %s, %v", out.String(), err)
	}
}

func TestAFirstCallThatFailsDoesNotStopTheStart(t *testing.T) {
	var out bytes.Buffer
	testRuntime(&out).Warm(func(ctx context.Context) error {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the first call may take for ever")
		}
		return errors.New("refused")
	})
	if all := lines(t, &out); len(all) != 1 || all[0]["level"] != "WARN" {
		t.Errorf("logged %s", out.String())
	}
}
