package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/usher-seats/usher/infra/local/ses"
	"github.com/usher-seats/usher/internal/api/apitest"
	"github.com/usher-seats/usher/internal/billing"
	"github.com/usher-seats/usher/internal/boot"
	"github.com/usher-seats/usher/internal/boot/mailer"
	"github.com/usher-seats/usher/internal/document"
	"github.com/usher-seats/usher/internal/events"
	"github.com/usher-seats/usher/internal/logsafe"
	"github.com/usher-seats/usher/internal/mail"
)

const console = "https://seats.northwind.example"

// rig is the function between a system, whose ledger it is told of, and an SES.
type rig struct {
	*apitest.System
	t   *testing.T
	ses *ses.Server
	h   handler
	log *safeLog
	// told are the events that were delivered by news.
	told map[string]bool
}

// safeLog takes lines of several invocations.
type safeLog struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *safeLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// last is the newest line.
func (l *safeLog) last() string {
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	return lines[len(lines)-1]
}

func newRig(t *testing.T, catalog string) *rig {
	t.Helper()
	r := &rig{System: apitest.New(t), t: t, log: &safeLog{}, told: map[string]bool{}}
	r.Publish(catalog)
	r.ses = ses.New(ses.Options{Now: r.Now})
	server := httptest.NewUnstartedServer(r.ses)
	server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	cfg := boot.AWSConfig(boot.Common{Region: "eu-central-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})
	cfg.HTTPClient = &http.Client{Transport: transport}
	sender, err := mail.NewSender(mailer.New(cfg, server.URL), mail.SenderOptions{
		From: "Northwind <no-reply@northwind.example>", ThrottleBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	log := logsafe.NewLogger(r.log, slog.LevelDebug)
	r.h = handler{
		writer:   writer{store: r.Store, key: r.Store.InvitationKey, console: console, now: r.Now, pdf: drawnOnce()},
		renderer: mail.NewRenderer(),
		courier:  mail.Courier{Markers: mail.NewDynamoMarkers(r.Client, r.Tables["KeysTable"]), Sender: sender, Now: r.Now, Log: log},
		log:      log,
	}
	return r
}

// drawnOnce draws each document once, however often it is told of: the race detector
// makes a page ten times as dear, and that the same document is the same file is a test
// of its own.
func drawnOnce() func(*billing.Invoice, []byte) ([]byte, error) {
	var mu sync.Mutex
	drawn := map[string][]byte{}
	return func(inv *billing.Invoice, logo []byte) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		key := billing.Hash(inv.Canonical()) + billing.Hash(logo)
		if file := drawn[key]; file != nil {
			return file, nil
		}
		file, err := document.PDF(inv, logo)
		drawn[key] = file
		return file, err
	}
}

// entry is an event of the ledger as it stands in the table.
type entry struct {
	id, kind string
	body     string // the message that the bus and the queue make of it
}

// ledger reads an account's events from the table, in their order, and makes the
// messages of them that stream, bus and queue would.
func (r *rig) ledger(a *apitest.Account) []entry {
	r.t.Helper()
	var found []entry
	for _, it := range scan(r.t, r.Client, r.Tables["SeatsTable"], "E#"+a.ID+"#") {
		detail, ok := it[events.DetailAttribute].(*types.AttributeValueMemberS)
		if !ok {
			r.t.Fatalf("an event without a detail: %v", it)
		}
		var packed []byte
		if b, ok := it[events.PackedAttribute].(*types.AttributeValueMemberB); ok {
			packed = b.Value
		}
		whole, err := events.Unpack([]byte(detail.Value), packed)
		if err != nil {
			r.t.Fatal(err)
		}
		var head struct{ ID, Type string }
		if err := json.Unmarshal(whole, &head); err != nil {
			r.t.Fatal(err)
		}
		found = append(found, entry{head.ID, head.Type, envelope(head.Type, string(whole))})
	}
	slices.SortFunc(found, func(a, b entry) int { return strings.Compare(a.id, b.id) })
	return found
}

func envelope(kind, detail string) string {
	return fmt.Sprintf(`{"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602","detail-type":%q,"source":"usher","account":"123456789012",`+
		`"time":"2026-11-22T09:00:01Z","region":"eu-west-1","resources":[],"detail":%s}`, kind, detail)
}

func scan(t *testing.T, client *dynamodb.Client, table, prefix string) []map[string]types.AttributeValue {
	t.Helper()
	var all []map[string]types.AttributeValue
	pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{
		TableName: aws.String(table), ConsistentRead: aws.Bool(true), FilterExpression: aws.String("begins_with(pk, :p)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":p": &types.AttributeValueMemberS{Value: prefix}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
	}
	return all
}

// of gives the entries of the types, or all of them.
func of(entries []entry, kinds ...string) []entry {
	var found []entry
	for _, e := range entries {
		if len(kinds) == 0 || slices.Contains(kinds, e.kind) {
			found = append(found, e)
		}
	}
	return found
}

// deliver hands the entries to the function as one batch and gives those that it
// wants again.
func (r *rig) deliver(ctx context.Context, entries ...entry) []entry {
	r.t.Helper()
	var batch lambdaevents.SQSEvent
	byID := map[string]entry{}
	for i, e := range entries {
		id := fmt.Sprintf("%s-%d", e.id, i)
		byID[id] = e
		batch.Records = append(batch.Records, lambdaevents.SQSMessage{MessageId: id, Body: e.body})
	}
	response, err := r.h.handle(ctx, batch)
	if err != nil {
		r.t.Errorf("the batch failed as a whole: %v", err)
	}
	var failed []entry
	for _, f := range response.BatchItemFailures {
		e, ok := byID[f.ItemIdentifier]
		if !ok {
			r.t.Errorf("%q was not in the batch", f.ItemIdentifier)
		}
		failed = append(failed, e)
	}
	return failed
}

// all delivers the entries and wants none of them back.
func (r *rig) all(entries ...entry) {
	r.t.Helper()
	for _, e := range r.deliver(r.t.Context(), entries...) {
		r.t.Errorf("%s comes again: %s", e.kind, r.log.last())
	}
}

// news delivers what happened in the account since the last time and gives the
// mails that it caused.
func (r *rig) news(a *apitest.Account) []ses.Mail {
	r.t.Helper()
	r.ses.Clear()
	var fresh []entry
	for _, e := range r.ledger(a) {
		if !r.told[e.id] {
			r.told[e.id] = true
			fresh = append(fresh, e)
		}
	}
	r.all(fresh...)
	return r.mails()
}

// mails are those in the mailbox, the oldest first.
func (r *rig) mails() []ses.Mail {
	mails := r.ses.Mails()
	slices.Reverse(mails)
	return mails
}

// forget deletes all send markers, as if nothing had been sent yet.
func (r *rig) forget() {
	r.t.Helper()
	const most = 25 // items of one BatchWriteItem
	table := r.Tables["KeysTable"]
	for part := range slices.Chunk(scan(r.t, r.Client, table, "MAIL#"), most) {
		var deletes []types.WriteRequest
		for _, it := range part {
			deletes = append(deletes, types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: map[string]types.AttributeValue{"pk": it["pk"], "sk": it["sk"]}}})
		}
		out, err := r.Client.BatchWriteItem(r.t.Context(), &dynamodb.BatchWriteItemInput{RequestItems: map[string][]types.WriteRequest{table: deletes}})
		if err != nil || len(out.UnprocessedItems) > 0 {
			r.t.Fatalf("%d markers are left: %v", len(out.UnprocessedItems), err)
		}
	}
	r.ses.Clear()
}

// mode sets how SES answers.
func (r *rig) mode(mode ses.Mode) {
	r.t.Helper()
	if err := r.ses.SetMode(mode); err != nil {
		r.t.Fatal(err)
	}
}

// heads are "local part: subject" of mails, in order.
func heads(mails []ses.Mail) []string {
	var all []string
	for _, m := range mails {
		name, _, _ := strings.Cut(strings.Join(m.To, ","), "@")
		all = append(all, name+": "+m.Subject)
	}
	slices.Sort(all)
	return all
}

// same compares heads with those wanted, in any order.
func same(t *testing.T, what string, mails []ses.Mail, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := heads(mails); !slices.Equal(got, want) {
		t.Errorf("%s: mails are\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// to is the mail to somebody by the local part, and of a kind where there are two.
func to(t *testing.T, mails []ses.Mail, name, kind string) ses.Mail {
	t.Helper()
	for _, m := range mails {
		if strings.HasPrefix(m.To[0], name+"@") && slices.Contains(m.Tags, ses.Tag{Name: "kind", Value: kind}) {
			return m
		}
	}
	t.Fatalf("%s got no mail of kind %s, mails are %q", name, kind, heads(mails))
	return ses.Mail{}
}

// says checks that text and HTML hold what is wanted.
func says(t *testing.T, m ses.Mail, want ...string) {
	t.Helper()
	html := plain(m.HTML) + m.HTML
	for _, w := range want {
		if !strings.Contains(m.Text, w) {
			t.Errorf("%q: the text has no %q:\n%s", m.Subject, w, m.Text)
		}
		for _, part := range strings.Split(w, ": ") {
			if !strings.Contains(html, part) {
				t.Errorf("%q: the HTML has no %q:\n%s", m.Subject, part, plain(m.HTML))
			}
		}
	}
}

// plain takes tags and entities out of HTML.
func plain(html string) string {
	html = regexp.MustCompile(`(?s)<(style|head).*?</(style|head)>|<[^>]*>`).ReplaceAllString(html, "")
	html = regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(html, "\n")
	return strings.NewReplacer("&#39;", "'", "&#43;", "+", "&amp;", "&", "\u2068", "", "\u2069", "").Replace(html)
}

// link is the token of the link in an invitation's mail.
func link(t *testing.T, m ses.Mail) string {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(console) + `/accept#(\S+)`).FindStringSubmatch(m.Text)
	if found == nil || !strings.Contains(m.HTML, found[0]) {
		t.Fatalf("no link in\n%s", m.Text)
	}
	return found[1]
}

// shuffled gives each entry n times at least 2 and at most 5, in an order that the
// seed decides.
func shuffled(entries []entry, seed uint64) []entry {
	random := rand.New(rand.NewPCG(seed, 7))
	var all []entry
	for _, e := range entries {
		for range 2 + random.IntN(4) {
			all = append(all, e)
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// batches parts entries as an SQS poller would.
func batches(entries []entry) [][]entry {
	const size = 10 // template.yaml's BatchSize
	var all [][]entry
	for part := range slices.Chunk(entries, size) {
		all = append(all, part)
	}
	return all
}
