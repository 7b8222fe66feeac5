// Package bench measures, as benchmarks, what the use cases cost above what they
// cannot do without: the same items in a bare transaction, and an empty function.
// Figures of a shared machine move by half; each benchmark therefore does both in
// turns within one run, and its ratio is what counts.
//
//	go test -run '^$' -bench . ./internal/bench    the figures
//	go run ./internal/bench/table                  the same as Markdown, with the machine
//
// # What is compared
//
//   - Store: an assign and a close on DynamoDB Local. commit is the store's
//     transaction, whole the use case with its reads. bare is a transaction of the
//     same writes with the same bytes but without conditions, puts one of plain puts
//     of the same bytes. A ratio is the part of the bare throughput that is left:
//     bare/commit is what our conditions cost, puts/commit holds DynamoDB Local's
//     slower updates against us too.
//   - Bulk: users a second by one command for 97 users against one command each.
//   - License: a whole check of a license token against ed25519.Verify of its bytes, and
//     a check of one that is remembered.
//   - Start: each function's bootstrap from its exec until its first GET of
//     …/invocation/next, against one that is aws-lambda-go alone; AWS answers at once.
//     arm64-MB is the stripped binary that is deployed.
//
// Times are medians.
package bench
