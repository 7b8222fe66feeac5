// Command program is all functions of the test's template. It does what its kind of event asks for.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	sestypes "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

func main() { lambda.Start(handle) }

func config(endpoint string) aws.Config {
	return aws.Config{
		Region: os.Getenv("AWS_REGION"), BaseEndpoint: aws.String(os.Getenv(endpoint)), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{
				AccessKeyID: os.Getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: os.Getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: os.Getenv("AWS_SESSION_TOKEN"),
			}, nil
		}),
	}
}

func handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var kind struct {
		RouteKey string
		Records  []struct{ EventSource string }
	}
	if err := json.Unmarshal(payload, &kind); err != nil {
		return nil, err
	}
	switch {
	case kind.RouteKey != "":
		return room(ctx, payload)
	case len(kind.Records) > 0 && kind.Records[0].EventSource == "aws:dynamodb":
		return nil, relay(ctx, payload)
	case len(kind.Records) > 0:
		return work(ctx, payload)
	}
	return nil, tick(ctx, payload)
}

func key(name string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{"pk": &types.AttributeValueMemberS{Value: name}}
}

func put(ctx context.Context, name string) error {
	_, err := dynamodb.NewFromConfig(config("AWS_ENDPOINT_URL_DYNAMODB")).PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(os.Getenv("TABLE")), Item: key(name)})
	return err
}

func room(ctx context.Context, payload []byte) (any, error) {
	var e events.APIGatewayV2HTTPRequest
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	name := e.PathParameters["room"]
	if e.RequestContext.HTTP.Method == "GET" {
		out, err := dynamodb.NewFromConfig(config("AWS_ENDPOINT_URL_DYNAMODB")).GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(os.Getenv("TABLE")), Key: key(name)})
		if err != nil {
			return nil, err
		}
		return events.APIGatewayV2HTTPResponse{StatusCode: 200, Body: fmt.Sprint(out.Item != nil)}, nil
	}
	if name == "slow" {
		fmt.Println("slow")
		time.Sleep(time.Minute)
	}
	return events.APIGatewayV2HTTPResponse{StatusCode: 201, Body: e.RequestContext.Authorizer.JWT.Claims["groups"]}, put(ctx, name)
}

func relay(ctx context.Context, payload []byte) error {
	var e events.DynamoDBEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return err
	}
	in := &eventbridge.PutEventsInput{}
	for _, r := range e.Records {
		in.Entries = append(in.Entries, bustypes.PutEventsRequestEntry{
			Source: aws.String("rooms"), DetailType: aws.String("room.added"), EventBusName: aws.String(os.Getenv("BUS")),
			Detail: aws.String(fmt.Sprintf(`{"room":%q}`, r.Change.NewImage["pk"].String())),
		})
	}
	out, err := eventbridge.NewFromConfig(config("AWS_ENDPOINT_URL_EVENTBRIDGE")).PutEvents(ctx, in)
	if err == nil && out.FailedEntryCount > 0 {
		err = errors.New("not all events were put")
	}
	return err
}

func work(ctx context.Context, payload []byte) (any, error) {
	var e events.SQSEvent
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	var out events.SQSEventResponse
	for _, r := range e.Records {
		var event struct{ Detail struct{ Room string } }
		err := json.Unmarshal([]byte(r.Body), &event)
		if err == nil && strings.Contains(event.Detail.Room, "poison") {
			err = errors.New("poison")
		}
		if err == nil {
			_, err = sesv2.NewFromConfig(config("AWS_ENDPOINT_URL_SESV2")).SendEmail(ctx, &sesv2.SendEmailInput{
				FromEmailAddress: aws.String("usher@example.com"), Destination: &sestypes.Destination{ToAddresses: []string{"anna@example.com"}},
				Content: &sestypes.EmailContent{Simple: &sestypes.Message{
					Subject: &sestypes.Content{Data: aws.String(event.Detail.Room)}, Body: &sestypes.Body{Text: &sestypes.Content{Data: aws.String("new")}},
				}},
			})
		}
		if err != nil {
			fmt.Println("failed:", err)
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
		}
	}
	return out, nil
}

func tick(ctx context.Context, payload []byte) error {
	var e struct {
		Fail bool
		Time string
	}
	if err := json.Unmarshal(payload, &e); err != nil {
		return err
	}
	if e.Fail {
		return errors.New("told to fail")
	}
	return put(ctx, "tick")
}
