// A service in Go that signs people in with SIAPkerja ID.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"html/template"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

// session is one browser: on its way to the sign-in, or signed in. It lives in the memory of this process; several
// processes share it in Redis or a database.
type session struct {
	State, Nonce, Verifier string
	Sub, Sid, IDToken      string
	Name, Email            string
}

var (
	lock     sync.Mutex
	sessions = map[string]session{}
	page     = template.Must(template.New("home").Parse(`{{if .Sub}}<h1>Halo, {{.Name}}</h1><p>{{or .Email "tanpa email"}}</p><p><a href="/logout">Keluar</a></p>{{else}}<h1>Contoh Go</h1><p><a href="/login">Masuk dengan SIAPkerja</a></p>{{end}}`))
)

const cookie = "contoh_go"

func read(r *http.Request) (string, session) {
	found, err := r.Cookie(cookie)
	if err != nil {
		return "", session{}
	}
	lock.Lock()
	defer lock.Unlock()
	return found.Value, sessions[found.Value]
}

// write begins a session under a new id, whatever id the browser had before.
func write(w http.ResponseWriter, before string, now session) {
	id := rand.Text()
	lock.Lock()
	delete(sessions, before)
	sessions[id] = now
	lock.Unlock()
	http.SetCookie(w, &http.Cookie{Name: cookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func main() {
	ctx := context.Background()
	port := setting("PORT", "8086")
	home := "http://localhost:" + port
	provider, err := oidc.NewProvider(ctx, setting("ISSUER", "http://localhost:3000"))
	if err != nil {
		log.Fatal(err)
	}
	client := oauth2.Config{
		ClientID:     os.Getenv("CLIENT_ID"),
		ClientSecret: os.Getenv("CLIENT_SECRET"),
		Endpoint:     provider.Endpoint(),
		RedirectURL:  home + "/callback",
		Scopes:       []string{oidc.ScopeOpenID, "profile", "email"},
	}
	// It takes the algorithms that discovery names, ES256 among them.
	verifier := provider.Verifier(&oidc.Config{ClientID: client.ClientID})
	var discovery struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&discovery); err != nil {
		log.Fatal(err)
	}

	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		_, now := read(r)
		if err := page.Execute(w, now); err != nil {
			log.Print(err)
		}
	})

	http.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		before, _ := read(r)
		now := session{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
		write(w, before, now)
		http.Redirect(w, r, client.AuthCodeURL(now.State, oidc.Nonce(now.Nonce), oauth2.S256ChallengeOption(now.Verifier)), http.StatusSeeOther)
	})

	http.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		before, begun := read(r)
		// An answer that comes twice, where the first has signed the person in: nothing is redeemed.
		if begun.Sub != "" {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		answer := r.URL.Query()
		if begun.State == "" || answer.Get("state") != begun.State || answer.Get("iss") != setting("ISSUER", "http://localhost:3000") {
			http.Error(w, "Masuk tidak berhasil: mulai lagi dari halaman depan.", http.StatusBadRequest)
			return
		}
		// "The person went back without signing in" is no error of ours.
		if answer.Get("error") == "access_denied" {
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		now, err := receive(r.Context(), provider, client, verifier, answer.Get("code"), begun)
		if err != nil {
			log.Print(err)
			http.Error(w, "Masuk tidak berhasil.", http.StatusBadGateway)
			return
		}
		write(w, before, now)
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})

	http.HandleFunc("GET /logout", func(w http.ResponseWriter, r *http.Request) {
		before, was := read(r)
		lock.Lock()
		delete(sessions, before)
		lock.Unlock()
		query := url.Values{"client_id": {client.ClientID}, "id_token_hint": {was.IDToken}, "post_logout_redirect_uri": {home + "/"}}
		if was.IDToken == "" {
			query.Del("id_token_hint")
		}
		http.Redirect(w, r, discovery.EndSession+"?"+query.Encode(), http.StatusSeeOther)
	})

	// OpenID Connect Back-Channel Logout 1.0, 2.6.
	http.HandleFunc("POST /backchannel-logout", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		token, err := verifier.Verify(r.Context(), r.PostFormValue("logout_token"))
		var claims struct {
			Sid, Nonce string
			Events     map[string]json.RawMessage
		}
		if err == nil {
			err = token.Claims(&claims)
		}
		if _, isLogout := claims.Events["http://schemas.openid.net/event/backchannel-logout"]; err != nil || !isLogout || claims.Nonce != "" {
			http.Error(w, "not a logout token", http.StatusBadRequest)
			return
		}
		lock.Lock()
		defer lock.Unlock()
		for id, one := range sessions {
			// Without sid every session of the person ends.
			if (claims.Sid == "" || one.Sid == claims.Sid) && (token.Subject == "" || one.Sub == token.Subject) {
				delete(sessions, id)
			}
		}
	})

	log.Print(home)
	log.Fatal(http.ListenAndServe("localhost:"+port, nil))
}

// receive exchanges the code, verifies the ID token and asks who the person is: the ID token tells only that and how they signed in.
func receive(ctx context.Context, provider *oidc.Provider, client oauth2.Config, verifier *oidc.IDTokenVerifier, code string, begun session) (session, error) {
	token, err := client.Exchange(ctx, code, oauth2.VerifierOption(begun.Verifier))
	if err != nil {
		return session{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	idToken, err := verifier.Verify(ctx, raw)
	if err != nil {
		return session{}, err
	}
	if idToken.Nonce != begun.Nonce {
		return session{}, errors.New("the ID token is of another sign-in")
	}
	var signIn struct{ Sid string }
	if err := idToken.Claims(&signIn); err != nil {
		return session{}, err
	}
	person, err := provider.UserInfo(ctx, client.TokenSource(ctx, token))
	if err != nil {
		return session{}, err
	}
	if person.Subject != idToken.Subject {
		return session{}, errors.New("userinfo is about somebody else")
	}
	var profile struct{ Name string }
	if err := person.Claims(&profile); err != nil {
		return session{}, err
	}
	return session{Sub: idToken.Subject, Sid: signIn.Sid, IDToken: raw, Name: profile.Name, Email: person.Email}, nil
}
