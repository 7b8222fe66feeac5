package seats

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Limits of an import: 500 lines with every field at its limit have about 300 kB, which
// one request writes well within the time that it has, and whose answer one item keeps.
const (
	MaxImportLines = 500
	MaxImportBytes = 400_000
	// maxImportMistakes is how many mistakes of the file are told at once.
	maxImportMistakes = 20
)

// ImportResult is what became of one line of the file. Lines are counted from 1, the
// header is one, and a field over several lines counts where its record begins.
type ImportResult struct {
	Line    int
	Email   string
	User    UserID
	Refused *Error
}

// ImportUsers creates users of a CSV file (RFC 4180): a header line with email,
// first_name, last_name and, if wanted, qualification, role, active and one of
// license, product or subscription, in any order. The last names a product or a
// subscription of the account whose license comes with the user. Each line is created
// or refused by itself; a file that cannot be read is refused whole. Interrupted and
// sent again with the same key, it goes on where it was.
func (s *Service) ImportUsers(ctx context.Context, caller Caller, account AccountID, file string, buy Purchase, once Once[[]ImportResult]) (Reply[[]ImportResult], error) {
	rows, err := s.readImport(ctx, caller, account, file)
	if err != nil {
		return Reply[[]ImportResult]{}, err
	}
	results := func(became []added) []ImportResult { return importResults(rows, became) }
	reply, err := s.add(ctx, command{caller: caller, account: account}, rows, buy, onceAs(once, results))
	if err != nil {
		return Reply[[]ImportResult]{}, err
	}
	return replyAs(reply, results), nil
}

// TryImportUsers says what ImportUsers would do, and what it would cost where seats
// would have to be bought. It creates nobody.
func (s *Service) TryImportUsers(ctx context.Context, caller Caller, account AccountID, file string) (Trial[ImportResult], error) {
	rows, err := s.readImport(ctx, caller, account, file)
	if err != nil {
		return Trial[ImportResult]{}, err
	}
	trial, err := s.tryAdd(ctx, command{caller: caller, account: account}, rows)
	if err != nil {
		return Trial[ImportResult]{}, err
	}
	return Trial[ImportResult]{Results: importResults(rows, trial.Results), Quote: trial.Quote, Currency: trial.Currency}, nil
}

func importResults(rows []newcomer, became []added) []ImportResult {
	results := make([]ImportResult, len(rows))
	for i, b := range became {
		results[i] = ImportResult{Line: rows[i].line, Email: rows[i].email, Refused: b.refused}
		if b.refused == nil {
			results[i].User = b.user.ID
		}
	}
	return results
}

// readImport reads the file for who may import it, and finds the subscriptions of the
// products that it names. Every line gives a row, so that the ids of all others stay
// theirs whatever is wrong with one.
func (s *Service) readImport(ctx context.Context, caller Caller, account AccountID, file string) ([]newcomer, error) {
	t, err := s.read(ctx, command{caller: caller, account: account})
	if err != nil {
		return nil, err
	}
	if err := t.mayManage(); err != nil {
		return nil, err
	}
	f, err := openImport(file)
	if err != nil {
		return nil, err
	}
	var subs []*Subscription
	if f.license != "" {
		if subs, err = s.Store.Subscriptions(ctx, account); err != nil {
			return nil, err
		}
	}
	return f.read(subs)
}

// importFile is a file whose header was read.
type importFile struct {
	csv *csv.Reader
	// columns are the places of the known columns; license is the one of those names
	// that there is, or "".
	columns map[string]int
	license string
}

// licenseColumns are names of the one column that says which license comes with a user.
func licenseColumns() []string { return []string{"license", "product", "subscription"} }

func importColumns() []string {
	return append([]string{"email", "first_name", "last_name", "qualification", "role", "active"}, licenseColumns()...)
}

func importMistake(line int, message, value string) Field {
	return Field{Location: "body.csv:" + strconv.Itoa(line), Message: message, Value: shorten(value, MaxNameBytes)}
}

func importRefused(fields ...Field) error {
	e := ErrInvalid.With("Nobody was created. Mend the lines named in errors and send the file again.")
	e.Fields = fields
	return e
}

// openImport reads the header and lists every mistake in it.
func openImport(file string) (*importFile, error) {
	if len(file) > MaxImportBytes {
		return nil, ErrInvalid.With("The file has more than %d bytes. Send it in parts.", MaxImportBytes)
	}
	const byteOrderMark = "\ufeff"
	f := &importFile{csv: csv.NewReader(strings.NewReader(strings.TrimPrefix(file, byteOrderMark))), columns: map[string]int{}}
	f.csv.FieldsPerRecord = -1
	header, err := f.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, importRefused(importMistake(1, "must be a header line with the names of the columns, such as email,first_name,last_name", ""))
	}
	if err != nil {
		return nil, importRefused(badRecord(err))
	}
	if len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return nil, importRefused(importMistake(1, "must have its columns separated by commas", header[0]))
	}
	var fields []Field
	for i, raw := range header {
		name := strings.ToLower(strings.TrimSpace(raw))
		_, twice := f.columns[name]
		switch {
		case !slices.Contains(importColumns(), name):
			fields = append(fields, importMistake(1, "has a column that is none of "+strings.Join(importColumns(), ", "), raw))
			continue
		case twice:
			fields = append(fields, importMistake(1, "has this column twice", raw))
		case slices.Contains(licenseColumns(), name) && f.license != "":
			fields = append(fields, importMistake(1, "has more than one column for the license; keep one of "+strings.Join(licenseColumns(), ", "), raw))
		}
		f.columns[name] = i
		if slices.Contains(licenseColumns(), name) {
			f.license = name
		}
	}
	for _, name := range []string{"email", "first_name", "last_name"} {
		if _, ok := f.columns[name]; !ok {
			fields = append(fields, importMistake(1, "lacks the column "+name, ""))
		}
	}
	if len(fields) > 0 {
		return nil, importRefused(fields...)
	}
	return f, nil
}

// badRecord says where a record breaks the rules of the format, and how to mend it.
func badRecord(err error) Field {
	line, message := 1, "cannot be read"
	var broken *csv.ParseError
	if errors.As(err, &broken) {
		line = broken.Line
		switch {
		case errors.Is(broken.Err, csv.ErrBareQuote):
			message = `has a quotation mark in a field without them; put the field in quotation marks and write each inside twice`
		case errors.Is(broken.Err, csv.ErrQuote):
			message = `has a field whose quotation marks do not end before the comma; write each inside twice`
		}
	}
	return importMistake(line, message, "")
}

// read reads the lines behind the header. What breaks the format is told for the
// whole file, what is wrong with a person for the line alone.
func (f *importFile) read(subs []*Subscription) ([]newcomer, error) {
	var lines []newcomer
	var broken []Field
	for {
		record, err := f.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if broken = append(broken, badRecord(err)); len(broken) == maxImportMistakes {
				break
			}
			continue
		}
		if len(lines) == MaxImportLines {
			return nil, ErrInvalid.With("The file has more than %d lines behind its header. Send it in parts.", MaxImportLines)
		}
		line, _ := f.csv.FieldPos(0)
		lines = append(lines, f.line(line, record, subs))
	}
	switch {
	case len(broken) > 0:
		return nil, importRefused(broken...)
	case len(lines) == 0:
		return nil, importRefused(importMistake(2, "must be a line for each person", ""))
	}
	return lines, nil
}

// line reads one record and collects all that is wrong with it.
func (f *importFile) line(line int, record []string, subs []*Subscription) newcomer {
	cell := func(name string) string {
		if i, ok := f.columns[name]; ok && i < len(record) {
			return strings.TrimSpace(record[i])
		}
		return ""
	}
	var fields []Field
	if len(record) != len(f.columns) {
		fields = append(fields, Field{Location: "it", Message: "must have " + strconv.Itoa(len(f.columns)) + " fields, as the header has, not " + strconv.Itoa(len(record))})
	}
	sub, known := subscriptionNamed(cell(f.license), subs)
	row, mistakes := readNewcomer("", Invitee{
		Email: cell("email"), FirstName: cell("first_name"), LastName: cell("last_name"), Qualification: cell("qualification"),
		Role: strings.ReplaceAll(strings.ToLower(cell("role")), " ", "_"), Subscription: sub,
	})
	fields = append(fields, mistakes...)
	if !known {
		fields = append(fields, Field{Location: f.license, Message: "must be a product or a subscription of this account", Value: cell(f.license)})
	}
	active, valid := activeCell(cell("active"))
	if row.active = active; !valid {
		fields = append(fields, Field{Location: "active", Message: "must be true or false", Value: cell("active")})
	} else {
		fields = append(fields, row.inactiveMistakes("")...)
	}
	row.line = line
	if len(fields) == 0 {
		return row
	}
	said := make([]string, len(fields))
	for i, field := range fields {
		said[i] = field.Location + " " + field.Message
	}
	return newcomer{
		line: line, email: shorten(cell("email"), MaxEmailBytes),
		refused: ErrInvalid.With("Line %d: %s. Mend it and send the line again.", line, strings.Join(said, "; ")),
	}
}

// activeCell reads whether a user is created active; an empty cell is yes.
func activeCell(cell string) (active, valid bool) {
	switch strings.ToLower(cell) {
	case "", "true", "yes", "1":
		return true, true
	case "false", "no", "0":
		return false, true
	}
	return false, false
}

// subscriptionNamed finds a subscription by its id or its product; none is named by
// an empty cell.
func subscriptionNamed(cell string, subs []*Subscription) (SubscriptionID, bool) {
	if cell == "" {
		return "", true
	}
	for _, sub := range subs {
		if string(sub.ID) == cell || sub.Product == cell {
			return sub.ID, true
		}
	}
	return "", false
}
