// Package dynamo makes the DynamoDB client of a function.
package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// New returns a client; an empty endpoint means AWS's own in the region.
func New(cfg aws.Config, endpoint string) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	})
}

// Warm reads an item that does not exist, by one signed call. It needs
// dynamodb:GetItem on the table.
func Warm(client *dynamodb.Client, table string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(table),
			Key: map[string]types.AttributeValue{
				"pk": &types.AttributeValueMemberS{Value: "WARM"},
				"sk": &types.AttributeValueMemberS{Value: "WARM"},
			},
		})
		if err != nil {
			return fmt.Errorf("first read: %w", err)
		}
		return nil
	}
}
