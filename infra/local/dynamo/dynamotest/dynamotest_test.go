package dynamotest_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/infra/local/dynamo/dynamotest"
)

func TestTwoCallsGiveTwoDatabasesOnOneServer(t *testing.T) {
	endpoint, cfg := dynamotest.New(t)
	otherEndpoint, otherCfg := dynamotest.New(t)
	if endpoint != otherEndpoint {
		t.Errorf("two servers, %s and %s, want one", endpoint, otherEndpoint)
	}
	one, other := dynamodb.NewFromConfig(cfg), dynamodb.NewFromConfig(otherCfg)
	_, err := one.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName:            aws.String("rooms"),
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		client *dynamodb.Client
		want   []string
	}{
		{"the database with the table", one, []string{"rooms"}},
		{"the other database", other, nil},
	} {
		out, err := tt.client.ListTables(t.Context(), &dynamodb.ListTablesInput{})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if !slices.Equal(out.TableNames, tt.want) {
			t.Errorf("%s has tables %v, want %v", tt.name, out.TableNames, tt.want)
		}
	}
}

func TestTablesOfTheTemplateAreThere(t *testing.T) {
	cfg, names := dynamotest.NewWithTables(t)
	out, err := dynamodb.NewFromConfig(cfg).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"SeatsTable", "KeysTable"} {
		if !slices.Contains(out.TableNames, names[id]) {
			t.Errorf("there is no table %q (%s) among %v", names[id], id, out.TableNames)
		}
	}
}
