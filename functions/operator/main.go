// Command operator is the vendor's own desk: catalog, accounts, parked accounts, test clocks.
//
// Trigger: the HTTP API; its routes stand in template.yaml and infra/openapi.yaml.
//
// Duplicate: publishing the same catalog makes no version, opening an account needs an
// Idempotency-Key, a clock moves to where it stands already, a close closes nothing twice.
//
// Failure: the caller gets a problem document that says what to do next; nothing
// is half done.
package main

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/service"
	"github.com/usher-seats/usher/internal/catalog"
)

const function = "operator"

func main() {
	cfg, err := boot.Load[boot.Operator]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	svc := service.New(rt, cfg.Tables)
	handler := api.New(func(a huma.API) { api.Operator(a, svc, catalog.Parse) })
	boot.HTTP(rt, apigw.Adapt(handler, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}
