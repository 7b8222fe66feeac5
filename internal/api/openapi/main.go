// Command openapi writes the API's OpenAPI 3.1 document, made of the operations
// themselves, to infra/openapi.yaml: go run ./internal/api/openapi
package main

import (
	"fmt"
	"net/http"
	"os"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/apigw"
)

func main() {
	doc := apigw.NewAPI(http.NewServeMux(), api.Options)
	api.All(doc, nil, nil, nil, nil, nil)
	text, err := apigw.Document(doc)
	if err == nil {
		const readable = 0o644
		err = os.WriteFile("infra/openapi.yaml", text, readable)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}
