package browsertest

import "github.com/chromedp/cdproto/network"

func answered(url string, status int64) any {
	return &network.EventResponseReceived{Response: &network.Response{URL: url, Status: status}}
}

func asked(url string) any {
	return &network.EventRequestWillBeSent{Request: &network.Request{URL: url}}
}
