// An application with go-oidc and x/oauth2: prints its authorization URL, reads the URL that the browser came back to,
// exchanges the code with automatic detection of the authentication style, and prints the claims.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"

	"github.com/coreos/go-oidc"
	"golang.org/x/oauth2"
)

func must(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, os.Args[1])
	must(err)
	config := oauth2.Config{
		ClientID: os.Args[2], ClientSecret: os.Args[3], RedirectURL: os.Args[4],
		Endpoint: provider.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "profile", "email", "groups"},
	}
	fmt.Println(config.AuthCodeURL("state of go", oidc.Nonce("nonce of go")))
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	must(err)
	back, err := url.Parse(line[:len(line)-1])
	must(err)
	if back.Query().Get("state") != "state of go" || back.Query().Get("iss") != os.Args[1] {
		must(fmt.Errorf("state or iss: %s", back))
	}
	token, err := config.Exchange(ctx, back.Query().Get("code"))
	must(err)
	id, err := provider.Verifier(&oidc.Config{ClientID: os.Args[2]}).Verify(ctx, token.Extra("id_token").(string))
	must(err)
	if id.Nonce != "nonce of go" {
		must(fmt.Errorf("nonce %q", id.Nonce))
	}
	must(id.VerifyAccessToken(token.AccessToken))
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	must(err)
	claims := map[string]interface{}{}
	must(info.Claims(&claims))
	if claims["sub"] != id.Subject {
		must(fmt.Errorf("sub %v", claims["sub"]))
	}
	must(json.NewEncoder(os.Stdout).Encode(claims))
}
