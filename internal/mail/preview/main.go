// Command preview writes a sample of every mail into a folder, as HTML and text,
// for a person to look at:
//
//	go run ./internal/mail/preview <dir>
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/usher-seats/usher/internal/mail"
	"github.com/usher-seats/usher/internal/mail/samples"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/mail/preview <dir>")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "preview:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	all, err := samples.All()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	renderer := mail.NewRenderer()
	for _, sample := range all {
		message, err := renderer.Render(sample.Mail)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, sample.Name)
		if err := os.WriteFile(path+".html", []byte(message.HTML), 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(path+".txt", []byte("Subject: "+message.Subject+"\n\n"+message.Text), 0o644); err != nil {
			return err
		}
		fmt.Println(path + ".html")
	}
	return nil
}
