package template_test

import (
	"fmt"
	"regexp"

	"github.com/usher-seats/usher/infra/template"
)

// checkSigningKeys wants the keys of license tokens to be Ed25519 for signatures, to
// outlive their stack (its tokens do), and to be this account's alone; and the
// parameter that names others to take keys alone, since a policy is made of it.
func checkSigningKeys(p *problems, tpl *template.Template, _ repository) {
	const own = `map[AWS:map[Fn::Sub:arn:${AWS::Partition}:iam::${AWS::AccountId}:root]]`
	for _, key := range tpl.Resources("AWS::KMS::Key") {
		if key.Properties["KeySpec"] != "ECC_NIST_EDWARDS25519" || key.Properties["KeyUsage"] != "SIGN_VERIFY" {
			p.add(key.ID, "is not of Ed25519 for signatures")
		}
		if key.Attributes["DeletionPolicy"] != "Retain" || key.Attributes["UpdateReplacePolicy"] != "Retain" {
			p.add(key.ID, "goes with its stack")
		}
		for _, s := range template.ListAt(key.Properties, "KeyPolicy", "Statement") {
			m, _ := s.(template.Map)
			if fmt.Sprint(m["Principal"]) != own {
				p.add(key.ID, "is another account's too")
			}
		}
	}
	parameter := template.MapAt(tpl.Tree, "Parameters", "SigningKeys")
	pattern, err := regexp.Compile(template.StringAt(parameter, "AllowedPattern"))
	if err != nil || pattern.String() == "" {
		p.add("SigningKeys takes anything")
		return
	}
	const key = "arn:aws:kms:eu-west-1:123456789012:key/0b1e5c1c-32f5-4f2e-9a40-9d6c1c3d7f11"
	for text, ok := range map[string]bool{
		"": true, key: true, key + "," + key: true,
		"*": false, key + ", " + key: false, "arn:aws:kms:*:123456789012:key/*": false, "arn:aws:s3:::all:kms:eu-west-1:123456789012:key/0b1e5c1c-32f5-4f2e-9a40-9d6c1c3d7f11": false,
	} {
		if pattern.MatchString(text) != ok {
			p.add("SigningKeys takes", fmt.Sprintf("%q: %v", text, !ok))
		}
	}
}
