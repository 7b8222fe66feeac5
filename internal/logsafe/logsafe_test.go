package logsafe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/usher-seats/usher/internal/logsafe"
)

const canary = "canary7f3a"

type holder struct {
	Secret logsafe.Secret
	Email  logsafe.Email
}

func TestASecretShowsItselfNowhere(t *testing.T) {
	h := holder{canary, canary + "@example.com"}
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{string(asJSON), errors.Join(fmt.Errorf("%v %s", h.Secret, h.Email)).Error()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		texts = append(texts, fmt.Sprintf(verb, h), fmt.Sprintf(verb, &h), fmt.Sprintf(verb, h.Secret), fmt.Sprintf(verb, h.Email), fmt.Sprintf(verb, []any{h.Secret, h.Email}))
	}
	for _, text := range texts {
		if strings.Contains(text, canary) {
			t.Errorf("it shows in %s", text)
		}
	}
	if h.Secret.Reveal() != canary || h.Email.Reveal() != canary+"@example.com" {
		t.Error("what was asked for is not told")
	}
}

func TestTheLogHoldsNoSecretHoweverItIsLogged(t *testing.T) {
	var out bytes.Buffer
	log := logsafe.NewLogger(&out, slog.LevelDebug)
	h := holder{canary, canary + "@example.com"}
	address := canary + "@example.com"
	token := "eyJ" + canary + ".eyJ.sig"
	log.Info("sent to "+address, "secret", h.Secret, "email", h.Email, "both", h, "pointer", &h, "list", []holder{h}, "map", map[string]string{"a": canary})
	log.With("email", h.Email).WithGroup("g").Error("x", "text", "to <"+address+">, twice", "err", fmt.Errorf("%s: %w", address, errors.New(token)))
	log.Info("y", slog.Group("deep", slog.Any("h", h), slog.String("auth", "Bearer "+token)), "words", []string{address}, "bytes", []byte(canary))
	log.Info("z", "any", any(address), "raw", json.RawMessage(`"`+canary+`"`))
	if strings.Contains(out.String(), canary) {
		t.Errorf("it is in %s", out.String())
	}
	for _, want := range []string{`"msg":"sent to [email]"`, `"text":"to <[email]>, twice"`, `"err":"[email] [token]"`, `"both":"[logsafe_test.holder]"`, `"auth":"Bearer [token]"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}

func TestScrub(t *testing.T) {
	for in, want := range map[string]string{
		"nothing to see":           "nothing to see",
		"":                         "",
		"a@b":                      "[email]",
		"a@b,c@d;(e@f) \"g@h\"":    "[email],[email];([email]) \"[email]\"",
		"mailto:ada@example.com ü": "[email] ü",
		"x=eyJhbGciOi.eyJ.sig y":   "[token] y",
		"grüße an ada@exämple.com": "grüße an [email]",
		"Email 'ö@ö' \u00a0rest":   "Email '[email]' \u00a0rest",
	} {
		if got := logsafe.Scrub(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestWhatIsFitToReadStays(t *testing.T) {
	var out bytes.Buffer
	logsafe.NewLogger(&out, slog.LevelInfo).Info("m", "n", 5, "ok", true, "err", errors.New("refused"), "nothing", nil, "words", []string{"a", "b"})
	for _, want := range []string{`"n":5`, `"ok":true`, `"err":"refused"`, `"nothing":null`, `"words":["a","b"]`, `"level":"INFO"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in %s", want, out.String())
		}
	}
}

func TestALineCollectsFromManySidesAndIsWrittenInOrder(t *testing.T) {
	ctx, line := logsafe.Begin(context.Background())
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			logsafe.Count(ctx, logsafe.Conflicts, 2)
			logsafe.Set(ctx, slog.String("route", "x"), slog.String("account", canary+"@example.com"))
		})
	}
	wg.Wait()
	logsafe.Set(ctx, slog.Int("status", 200))
	logsafe.Count(ctx, logsafe.Parked, 0)
	var out bytes.Buffer
	line.Write(ctx, logsafe.NewLogger(&out, slog.LevelInfo), slog.LevelInfo, "invocation")
	if _, rest, _ := strings.Cut(out.String(), `"msg"`); rest != `:"invocation","account":"[email]","route":"x","status":200,"Conflicts":100}`+"\n" {
		t.Errorf("got %s", out.String())
	}
}

func TestWithoutALineNothingIsCollected(t *testing.T) {
	ctx := context.Background()
	logsafe.Set(ctx, slog.Int("a", 1))
	logsafe.Count(ctx, "b", 1)
	logsafe.From(ctx).Write(ctx, nil, slog.LevelInfo, "x")
	if got := logsafe.From(ctx).Counts(); got != nil {
		t.Errorf("got %v", got)
	}
}
