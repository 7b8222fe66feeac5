// Command cost prints what each operation costs on DynamoDB: write and read units,
// and dollars for a million. It really runs every operation once, on a DynamoDB
// Local of its own, with the tables of template.yaml.
//
//	go run ./internal/store/cost
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/usher-seats/usher/infra/local/checkout"
	"github.com/usher-seats/usher/infra/local/dynamo"
	"github.com/usher-seats/usher/infra/local/dynamo/tables"
	"github.com/usher-seats/usher/infra/local/sam"
	"github.com/usher-seats/usher/internal/store"
	"github.com/usher-seats/usher/internal/store/budget"
)

const (
	region    = "eu-central-1"
	accessKey = "cost"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := checkout.Root()
	if err != nil {
		return err
	}
	template, err := sam.Load(filepath.Join(root, "template.yaml"), sam.Options{Region: region})
	if err != nil {
		return err
	}
	server, err := dynamo.Start(ctx, dynamo.Options{Progress: func(line string) { fmt.Fprintln(os.Stderr, line) }})
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	if err := tables.Create(ctx, &tables.Client{Endpoint: server.Endpoint(), AccessKey: accessKey, Region: region}, template.Tables); err != nil {
		return err
	}
	names := map[string]string{}
	for _, t := range template.Tables {
		names[t.ID] = t.Name
	}
	client := dynamodb.New(dynamodb.Options{
		Region: region, BaseEndpoint: aws.String(server.Endpoint()),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "local"}, nil
		}),
	})
	result, err := budget.Run(ctx, client, store.Options{SeatsTable: names["SeatsTable"], KeysTable: names["KeysTable"]})
	if err != nil {
		return err
	}
	return result.Print(os.Stdout)
}
