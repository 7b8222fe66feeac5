package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/seats"
)

// PartyInput is a company as it is typed.
type PartyInput struct {
	Name    string        `json:"name,omitempty" maxLength:"100" doc:"The account's name if empty"`
	Lines   []addressLine `json:"lines,omitempty" maxItems:"5" doc:"The lines of the address"`
	TaxID   string        `json:"tax_id,omitempty" maxLength:"32"`
	Country string        `json:"country,omitempty" maxLength:"2" doc:"ISO 3166 code"`
}

func (p PartyInput) party() billing.Party {
	return billing.Party{Name: p.Name, AddressLines: texts(p.Lines), TaxID: p.TaxID, Country: p.Country}
}

// Entries of lists have bounds of their own, which tags cannot say.

// idText is an id in a list.
type idText string

// maxIDText is more than any id of a user has, which are 30 characters.
const maxIDText = 40

// Schema bounds the text.
func (idText) Schema(huma.Registry) *huma.Schema { return textSchema(maxIDText) }

// addressLine is a line of a postal address.
type addressLine string

// Schema bounds the text.
func (addressLine) Schema(huma.Registry) *huma.Schema { return textSchema(seats.MaxAddressLineRunes) }

// mailKind is a kind of mail.
type mailKind string

// Schema lists the kinds.
func (mailKind) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, kind := range seats.MailKinds() {
		s.Enum = append(s.Enum, kind)
	}
	return s
}

func textSchema(runes int) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, MaxLength: &runes}
}

func texts[T ~string](list []T) []string {
	plain := make([]string, len(list))
	for i, entry := range list {
		plain[i] = string(entry)
	}
	return plain
}
