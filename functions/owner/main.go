// Command owner hands over the ownership of an account.
//
// Trigger: the HTTP API; its routes stand in template.yaml and infra/openapi.yaml.
//
// Duplicate: the second request comes from somebody who is no owner any more and is refused;
// with an Idempotency-Key it is answered as the first time.
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
)

const function = "owner"

func main() {
	cfg, err := boot.Load[boot.Owner]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	svc := service.New(rt, cfg.Tables)
	handler := api.New(func(a huma.API) { api.OwnerTransfer(a, svc) })
	boot.HTTP(rt, apigw.Adapt(handler, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}
