// Command entitle says who may use a product, signs license tokens and publishes
// their keys.
//
// Trigger: the HTTP API; its routes stand in template.yaml and infra/openapi.yaml.
//
// Duplicate: checks change nothing; a second token is as good as the first.
//
// Failure: the caller gets a problem document that says what to do next. While KMS
// does not answer no token is signed; checks go on.
package main

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/api"
	"github.com/usher-seats/usher/internal/apigw"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/service"
	"github.com/usher-seats/usher/internal/boot/signing"
)

const function = "entitle"

func main() {
	cfg, err := boot.Load[boot.Entitle]()
	if err != nil {
		boot.Fail(function, err)
	}
	rt := boot.New(function, cfg.Common)
	svc := service.New(rt, cfg.Tables)
	licenses, err := signing.New(rt.AWS, cfg.KMSEndpoint, cfg.Issuer, cfg.Signing.Keys)
	if err != nil {
		boot.Fail(function, err)
	}
	handler := api.New(func(a huma.API) { api.Entitle(a, svc, licenses) })
	boot.HTTP(rt, apigw.Adapt(handler, apigw.Rights{GroupsClaim: cfg.GroupsClaim, OperatorGroup: cfg.Operators.Group}))
}
