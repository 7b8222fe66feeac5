package boot

import (
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/usher-seats/usher/internal/logsafe"
)

// Common is what every function reads. Lambda sets the first four.
type Common struct {
	Region          string         `env:"AWS_REGION,required,notEmpty"`
	AccessKeyID     string         `env:"AWS_ACCESS_KEY_ID,required,notEmpty"`
	SecretAccessKey logsafe.Secret `env:"AWS_SECRET_ACCESS_KEY,required,notEmpty"`
	SessionToken    logsafe.Secret `env:"AWS_SESSION_TOKEN"`
	LogLevel        slog.Level     `env:"LOG_LEVEL" envDefault:"INFO"`
}

// Tables are the names of the two tables, and where DynamoDB is if not at AWS.
type Tables struct {
	Seats    string `env:"SEATS_TABLE,required,notEmpty"`
	Keys     string `env:"KEYS_TABLE,required,notEmpty"`
	Endpoint string `env:"AWS_ENDPOINT_URL_DYNAMODB"`
}

// SeatsOnly is for functions that use the seats table alone.
type SeatsOnly struct {
	Seats    string `env:"SEATS_TABLE,required,notEmpty"`
	Endpoint string `env:"AWS_ENDPOINT_URL_DYNAMODB"`
}

// Bus is the event bus's name, and where EventBridge is if not at AWS.
type Bus struct {
	Name     string `env:"EVENT_BUS,required,notEmpty"`
	Endpoint string `env:"AWS_ENDPOINT_URL_EVENTBRIDGE"`
}

// Issuer is the OpenID provider whose id_tokens a function verifies.
type Issuer struct {
	URL      string `env:"ISSUER_URL,required,notEmpty"`
	ClientID string `env:"OIDC_CLIENT_ID,required,notEmpty"`
}

// Operators says which tokens are the vendor's staff: those whose claim
// GroupsClaim lists the group.
type Operators struct {
	Group       string `env:"OPERATOR_GROUP,required,notEmpty"`
	GroupsClaim string `env:"GROUPS_CLAIM,required,notEmpty"`
}

// Signing says with which keys of KMS license tokens are signed: the first signs, all
// are published. Issuer is the tokens' iss, the console's address, which every
// deployment has one of.
type Signing struct {
	Issuer      string   `env:"CONSOLE_URL,required,notEmpty"`
	Keys        []string `env:"SIGNING_KEYS,required,notEmpty"`
	KMSEndpoint string   `env:"AWS_ENDPOINT_URL_KMS"`
}

// API is what every function behind the API reads.
type API struct {
	Common
	Tables
	Operators
}

// Configurations of the functions, one each, named like their folders.
type (
	Invite     struct{ API }
	Users      struct{ API }
	Owner      struct{ API }
	Assign     struct{ API }
	Revoke     struct{ API }
	SeatChange struct{ API }
	Request    struct{ API }
	Plan       struct{ API }
	Invoice    struct{ API }
	Operator   struct{ API }

	Accept struct {
		API
		Issuer
	}
	Read struct {
		API
		Issuer
	}

	Entitle struct {
		API
		Signing
	}

	Console struct {
		Common
		Issuer
		Operators
		ConsoleURL string `env:"CONSOLE_URL,required,notEmpty"`
	}

	CloseDue struct {
		Common
		SeatsOnly
		Bus
	}
	Expire struct {
		Common
		Tables
	}
	Remind struct {
		Common
		Tables
	}
	Close struct {
		Common
		Tables
	}
	Publish struct {
		Common
		Bus
	}
	Mail struct {
		Common
		Tables
		ConsoleURL string `env:"CONSOLE_URL,required,notEmpty"`
		From       string `env:"MAIL_FROM,required,notEmpty"`
		// ConfigurationSet is empty where bounces are not followed.
		ConfigurationSet string `env:"MAIL_CONFIGURATION_SET"`
		SESEndpoint      string `env:"AWS_ENDPOINT_URL_SESV2"`
	}
)

// Load reads T, a pointerless struct of this file, from the environment. The
// error lists everything that is wrong at once, by the names of the variables and
// never with their values.
func Load[T any]() (T, error) {
	return load[T](env.ToMap(os.Environ()))
}

func load[T any](environ map[string]string) (T, error) {
	cfg, err := env.ParseAsWithOptions[T](env.Options{Environment: environ})
	mistakes := mistakesOf(err, reflect.TypeFor[T]())
	if err == nil {
		mistakes = check(reflect.ValueOf(cfg))
	}
	if len(mistakes) == 0 {
		return cfg, nil
	}
	slices.Sort(mistakes)
	return cfg, fmt.Errorf("the environment is not right: %s", strings.Join(slices.Compact(mistakes), "; "))
}

// mistakesOf words the library's errors anew: its own quote values.
func mistakesOf(err error, t reflect.Type) []string {
	var all env.AggregateError
	if err == nil {
		return nil
	}
	if !errors.As(err, &all) {
		return []string{"it cannot be read"}
	}
	var out []string
	for _, e := range all.Errors {
		var unset env.VarIsNotSetError
		var empty env.EmptyVarError
		var parse env.ParseError
		switch {
		case errors.As(e, &unset):
			out = append(out, unset.Key+" is not set")
		case errors.As(e, &empty):
			out = append(out, empty.Key+" is empty")
		case errors.As(e, &parse):
			out = append(out, variableOf(t, parse.Name)+" is not a "+parse.Type.String())
		default:
			out = append(out, "it cannot be read")
		}
	}
	return out
}

func variableOf(t reflect.Type, field string) string {
	if f, ok := t.FieldByName(field); ok {
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		return name
	}
	return field
}

// check holds values against rules that a type cannot express.
func check(v reflect.Value) []string {
	var out []string
	for i := range v.NumField() {
		f, value := v.Type().Field(i), v.Field(i)
		if value.Kind() == reflect.Struct {
			out = append(out, check(value)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
		if value.Kind() != reflect.String || value.String() == "" {
			continue
		}
		if wrong := checkVariable(name, value.String()); wrong != "" {
			out = append(out, name+" "+wrong)
		}
	}
	return out
}

func checkVariable(name, value string) string {
	switch {
	case strings.HasSuffix(name, "_URL") || strings.HasPrefix(name, "AWS_ENDPOINT_URL_"):
		u, err := url.Parse(value)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return "is not an http or https address"
		}
	case name == "MAIL_FROM":
		if _, err := mail.ParseAddress(value); err != nil {
			return "is not a mail address"
		}
	case name == "OPERATOR_GROUP":
		// A list of groups arrives as one string in brackets with blanks between,
		// so a name with a blank could not be told from two names.
		if strings.ContainsAny(value, " []\",") {
			return "must be one word without brackets, commas or quotes"
		}
	}
	return ""
}
