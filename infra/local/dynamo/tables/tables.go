package tables

import (
	"context"

	"github.com/usher-seats/usher/infra/local/sam"
)

// wire shapes of CreateTable.
type (
	createTable struct {
		TableName              string
		BillingMode            string
		AttributeDefinitions   []attribute
		KeySchema              []keyPart
		GlobalSecondaryIndexes []index     `json:",omitempty"`
		LocalSecondaryIndexes  []index     `json:",omitempty"`
		StreamSpecification    *streamSpec `json:",omitempty"`
	}
	attribute struct{ AttributeName, AttributeType string }
	keyPart   struct{ AttributeName, KeyType string }
	index     struct {
		IndexName  string
		KeySchema  []keyPart
		Projection projection
	}
	projection struct {
		ProjectionType   string
		NonKeyAttributes []string `json:",omitempty"`
	}
	streamSpec struct {
		StreamEnabled  bool
		StreamViewType string
	}
	ttlSpec struct {
		Enabled       bool
		AttributeName string
	}
)

// Create creates the tables with keys, indexes, stream and expiry. What DynamoDB Local cannot do (recovery, encryption,
// protection against deletion, tags) is left out.
func Create(ctx context.Context, c *Client, list []*sam.Table) error {
	for _, t := range list {
		in := createTable{TableName: t.Name, BillingMode: "PAY_PER_REQUEST", KeySchema: keySchema(t.Key)}
		for _, a := range t.Attributes {
			in.AttributeDefinitions = append(in.AttributeDefinitions, attribute{a.Name, a.Type})
		}
		for _, i := range t.Indexes {
			out := index{i.Name, keySchema(i.Key), projection{i.Projection, i.Include}}
			if i.Local {
				in.LocalSecondaryIndexes = append(in.LocalSecondaryIndexes, out)
			} else {
				in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, out)
			}
		}
		if t.StreamView != "" {
			in.StreamSpecification = &streamSpec{true, t.StreamView}
		}
		if err := c.Call(ctx, "CreateTable", in, nil); err != nil {
			return err
		}
		if t.TTL == "" {
			continue
		}
		ttl := map[string]any{"TableName": t.Name, "TimeToLiveSpecification": ttlSpec{true, t.TTL}}
		if err := c.Call(ctx, "UpdateTimeToLive", ttl, nil); err != nil {
			return err
		}
	}
	return nil
}

func keySchema(parts []sam.KeyPart) []keyPart {
	var out []keyPart
	for _, p := range parts {
		out = append(out, keyPart{p.Name, p.Kind})
	}
	return out
}
