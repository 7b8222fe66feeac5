package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// Dump is every item of both tables, by its key, as text; but for counters of rate
// limits and quotes, which a request may leave behind that changes nothing.
func (s *System) Dump() map[string]string {
	s.t.Helper()
	all := map[string]string{}
	for _, table := range s.Tables {
		pages := dynamodb.NewScanPaginator(s.Client, &dynamodb.ScanInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true)})
		for pages.HasMorePages() {
			// A busy DynamoDB Local resets a connection now and then.
			page, err := pages.NextPage(s.t.Context(), func(o *dynamodb.Options) { o.Retryer = retry.NewStandard() })
			if err != nil {
				s.t.Fatal(err)
			}
			for _, item := range page.Items {
				s.add(all, item)
			}
		}
	}
	return all
}

func (s *System) add(all map[string]string, item map[string]types.AttributeValue) {
	s.t.Helper()
	var plain map[string]any
	if err := attributevalue.UnmarshalMap(item, &plain); err != nil {
		s.t.Fatal(err)
	}
	key := fmt.Sprintf("%s / %s", plain["pk"], plain["sk"])
	if strings.HasPrefix(key, "N#") || strings.HasPrefix(key, "Q#") {
		return
	}
	text, err := json.Marshal(plain)
	if err != nil {
		s.t.Fatal(err)
	}
	all[key] = string(text)
}

// Changes says how two dumps differ; it is empty where they do not.
func Changes(before, after map[string]string) []string {
	var found []string
	for _, key := range slices.Sorted(maps.Keys(after)) {
		switch was, ok := before[key]; {
		case !ok:
			found = append(found, "new: "+key+" = "+after[key])
		case was != after[key]:
			found = append(found, "changed: "+key+" = "+after[key]+", was "+was)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if _, ok := after[key]; !ok {
			found = append(found, "gone: "+key)
		}
	}
	return found
}

// Writes is how many calls have changed a table so far, those left out that Dump
// leaves out. It says cheaply which request it was that changed something.
func (s *System) Writes() int64 { return s.writes.Load() }

// writeCounter counts the calls by which the store has changed something.
type writeCounter struct {
	next   http.RoundTripper
	writes *atomic.Int64
}

func (w *writeCounter) RoundTrip(r *http.Request) (*http.Response, error) {
	_, target, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	changes := false
	switch target {
	case "TransactWriteItems":
		changes = true
	case "PutItem", "UpdateItem", "DeleteItem":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		changes = !bytes.Contains(body, []byte(`"S":"N#`)) && !bytes.Contains(body, []byte(`"S":"Q#`))
	}
	answer, err := w.next.RoundTrip(r)
	if changes && err == nil && answer.StatusCode == http.StatusOK {
		w.writes.Add(1)
	}
	return answer, err
}
