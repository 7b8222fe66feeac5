package tables

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	// batchItems is DynamoDB's limit of items in a BatchWriteItem.
	batchItems = 25
	// loaders is how many batches are written at once: DynamoDB Local gains nothing from more than two on two cores.
	loaders = 2
)

// Save writes all items of a table, one line of DynamoDB JSON each, and tells how many.
func (c *Client) Save(ctx context.Context, table string, w io.Writer) (int, error) {
	in := map[string]any{"TableName": table, "ConsistentRead": true}
	count := 0
	for {
		var page struct {
			Items            []json.RawMessage
			LastEvaluatedKey json.RawMessage
		}
		if err := c.Call(ctx, "Scan", in, &page); err != nil {
			return count, err
		}
		for _, item := range page.Items {
			var line bytes.Buffer
			if err := json.Compact(&line, item); err != nil {
				return count, fmt.Errorf("save %s: %w", table, err)
			}
			line.WriteByte('\n')
			if _, err := w.Write(line.Bytes()); err != nil {
				return count, fmt.Errorf("save %s: %w", table, err)
			}
			count++
		}
		if len(page.LastEvaluatedKey) == 0 {
			return count, nil
		}
		in["ExclusiveStartKey"] = page.LastEvaluatedKey
	}
}

// Load puts the items that Save wrote into a table and tells how many.
func (c *Client) Load(ctx context.Context, table string, r io.Reader) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	batches := make(chan []json.RawMessage)
	var wg sync.WaitGroup
	for range loaders {
		wg.Go(func() {
			for batch := range batches {
				if err := c.put(ctx, table, batch); err != nil {
					cancel(err)
				}
			}
		})
	}
	count, err := readBatches(ctx, r, batches)
	close(batches)
	wg.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err != nil {
		return count, fmt.Errorf("load %s: %w", table, err)
	}
	return count, nil
}

// readBatches cuts lines into batches until the end or until ctx is done.
func readBatches(ctx context.Context, r io.Reader, batches chan<- []json.RawMessage) (int, error) {
	in := bufio.NewReader(r)
	var batch []json.RawMessage
	send := func() {
		select {
		case batches <- batch:
		case <-ctx.Done():
		}
		batch = nil
	}
	count := 0
	for ctx.Err() == nil {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			batch = append(batch, line)
			count++
		}
		if len(batch) == batchItems || (err != nil && len(batch) > 0) {
			send()
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return count, err
		}
	}
	return count, nil
}

// put writes a batch, and again what DynamoDB did not take.
func (c *Client) put(ctx context.Context, table string, batch []json.RawMessage) error {
	type put struct{ Item json.RawMessage }
	type request struct{ PutRequest put }
	var requests []request
	for _, item := range batch {
		requests = append(requests, request{put{item}})
	}
	for len(requests) > 0 {
		var out struct{ UnprocessedItems map[string][]request }
		if err := c.Call(ctx, "BatchWriteItem", map[string]any{"RequestItems": map[string][]request{table: requests}}, &out); err != nil {
			return err
		}
		requests = out.UnprocessedItems[table]
	}
	return nil
}
