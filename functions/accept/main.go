// Command accept tells what an invitation's link offers, and accepts it.
//
// Trigger: the HTTP API; its routes stand in template.yaml and infra/openapi.yaml.
//
// Duplicate: a link is used once; a request with an Idempotency-Key is answered as the first
// time.
//
// Failure: the caller gets a problem document that says what to do next; nothing
// is half done.
package main

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/identity"
	"github.com/usher-seats/usher/internal/boot/service"
)

const function = "accept"

func main() {
	cfg, err := boot.Load[boot.Accept]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	svc := service.New(rt, cfg.Tables)
	handler := api.New(func(a huma.API) { api.Accept(a, svc, identity.New(cfg.Issuer)) })
	boot.HTTP(rt, apigw.Adapt(handler, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}
