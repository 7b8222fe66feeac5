// Package apigw stands between API Gateway and the API's operations.
//
// # The way of a request
//
//	Adapt     event of the gateway → *http.Request with its Caller
//	Handler   unknown routes and methods, malformed queries, panics, the log's fields
//	NewAPI    body: size, media type, JSON, depth, unknown and repeated fields
//	huma      parameters and body against the operation's types
//	Register  the operation; its error becomes a problem
//
// # Problems
//
// Every refusal is a document of RFC 9457 with a stable code, made in one place
// from seats.Error by one table of kinds and statuses. What is not a seats.Error
// is a 500 with code "internal" that says nothing; its cause is logged. A request
// that is not right never gets a 5xx:
//
//	400 malformed               not JSON, not UTF-8, nested too deeply, a broken query
//	404 not_found               no such route
//	405 method_not_allowed      the route knows other methods
//	413 too_large               more than MaxBodyBytes
//	415 unsupported_media_type  a body that is not application/json
//	422 invalid                 fields and parameters: unknown, missing, wrong
//
// # Callers
//
// A Caller is built from the claims that the gateway's authorizer has verified,
// never from headers. It says who, not what they may do: role and status are read
// from the account on every request.
//
// # Conventions of the operations
//
// Lists embed Paging and answer a Page; their cursor belongs to one account, list
// and filter (CursorScope). Writes embed IdempotencyHeader; RequestHashFrom gives
// the hash that a repeated key is compared by, and answers embed ReplayedHeader.
// Arrays are never null in either direction. Money is Money.
package apigw

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const (
	// MaxBodyBytes bounds a request's body. The largest legal one, 100 invitations
	// with every field at its limit, has about 120 kB.
	MaxBodyBytes = 1 << 20
	// MaxBodyDepth bounds nesting; the deepest legal body has 4 levels, a catalog
	// sent as JSON 8.
	MaxBodyDepth = 32
)

// securityScheme names the bearer token in the OpenAPI document.
const securityScheme = "bearer"

// Options name the API in its OpenAPI document.
type Options struct {
	Title   string
	Version string
}

// NewAPI returns an API on the mux. It serves operations only: no documentation,
// no schemas.
func NewAPI(mux *http.ServeMux, o Options) huma.API {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: o.Title, Version: o.Version},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					securityScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT"},
				},
			},
			Security: []map[string][]string{{securityScheme: {}}},
		},
		Formats: map[string]huma.Format{
			jsonType: {Marshal: marshalJSON, Unmarshal: unmarshalJSON},
			"json":   {Marshal: marshalJSON, Unmarshal: unmarshalJSON}, // what huma looks up for +json, as of problems
		},
		DefaultFormat:                jsonType,
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{toProblem},
	})
	api.UseMiddleware(guard(registry))
	return api
}

// Public is the Security of an operation that needs no token.
func Public() []map[string][]string { return []map[string][]string{{}} }

// Register adds an operation. Its errors become problems, and its documentation
// says so. Registering makes arrays of all schemas non-null.
func Register[I, O any](api huma.API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	registry := api.OpenAPI().Components.Schemas
	op.MaxBodyBytes = MaxBodyBytes + 1 // huma refuses a body of exactly its limit; guard has checked ours
	op.BodyReadTimeout = -1            // the body is in memory
	op.Responses = withProblems(registry, op.Responses)
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, problem(ctx, err)
		}
		return out, nil
	})
	denullArrays(api.OpenAPI(), &op)
}
