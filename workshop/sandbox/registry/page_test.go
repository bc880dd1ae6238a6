package registry

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// get asks the registry's own interfaces, with a password as user quayadmin, as a token, or not at all.
func get(t *testing.T, server *Server, path, user, token string) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL()+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if user != "" {
		request.SetBasicAuth("quayadmin", user)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(body)
}

type tagsAnswer struct {
	Tags []tagRow `json:"tags"`
	Page int      `json:"page"`
	More bool     `json:"has_additional"`
}

func tagsOf(t *testing.T, server *Server, repository, query string) tagsAnswer {
	t.Helper()
	status, _, body := get(t, server, "/api/v1/repository/"+repository+"/tag/"+query, "", password)
	var answer tagsAnswer
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v: %s", status, err, body)
	}
	return answer
}

func digestOf(t *testing.T, image v1.Image) string {
	t.Helper()
	hash, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

func TestTagsComeInPages(t *testing.T) {
	server := startDestination(t, Config{Dir: t.TempDir(), Organizations: []string{"students"}})
	image := newImage(t)
	const tags = 7
	for i := range tags {
		if err := push(t, server, fmt.Sprintf("students/app:v%d", i), image, login(password)); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for page := 1; ; page++ {
		got := tagsOf(t, server, "students/app", fmt.Sprintf("?limit=3&page=%d&onlyActiveTags=true", page))
		if got.Page != page || len(got.Tags) > 3 {
			t.Fatalf("page %d: %+v", page, got)
		}
		for _, tag := range got.Tags {
			if tag.Digest != digestOf(t, image) || tag.Size == nil || *tag.Size == 0 || tag.Start == 0 || tag.End != 0 {
				t.Errorf("%+v", tag)
			}
			seen[tag.Name] = true
		}
		if !got.More {
			break
		}
	}
	if len(seen) != tags {
		t.Errorf("saw %v", seen)
	}
	if status, _, _ := get(t, server, "/api/v1/repository/students/none/tag/", "", password); status != http.StatusNotFound {
		t.Errorf("a repository that is not there: %d", status)
	}
	if status, _, body := get(t, server, "/api/v1/repository/students/app/tag/", "", "another"); status != http.StatusUnauthorized || strings.Contains(body, "v1") {
		t.Errorf("an unknown token: %d %s", status, body)
	}
}

// TestHistoryRemembersWhatATagNamed: what was pushed under a tag is in its history for as long as the tag is there.
func TestHistoryRemembersWhatATagNamed(t *testing.T) {
	server := startDestination(t, Config{Dir: t.TempDir(), Organizations: []string{"students"}})
	first, second, third := newImage(t), newImage(t), newImage(t)
	for _, image := range []v1.Image{first, second, third, second} {
		if err := push(t, server, "students/app:moving", image, login(password)); err != nil {
			t.Fatal(err)
		}
	}
	if err := push(t, server, "students/app:other", first, login(password)); err != nil {
		t.Fatal(err)
	}
	history := tagsOf(t, server, "students/app", "?specificTag=moving").Tags
	digests := map[string]bool{}
	for i, tag := range history {
		if tag.Name != "moving" {
			t.Errorf("%+v is of another tag", tag)
		}
		if isNow := tag.End == 0; isNow != (i == 0) {
			t.Errorf("version %d: %+v", i, tag)
		}
		digests[tag.Digest] = true
	}
	if len(history) != 3 || history[0].Digest != digestOf(t, second) || !digests[digestOf(t, first)] || !digests[digestOf(t, third)] {
		t.Errorf("got %+v", history)
	}
	if active := tagsOf(t, server, "students/app", "?onlyActiveTags=true").Tags; len(active) != 2 {
		t.Errorf("active: %+v", active)
	}
}

var badgeOf = regexp.MustCompile(`(?s)<tr data-tag="([^"]+)">(.*?)</tr>`)

// TestThePageGoesByTheNameAlone: the badge is where Quay's console puts it, whatever lies under the name.
func TestThePageGoesByTheNameAlone(t *testing.T) {
	server := startDestination(t, Config{Dir: t.TempDir(), Organizations: []string{"students"}})
	signed, unsigned, pretended := newImage(t), newImage(t), newImage(t)
	hex := func(image v1.Image) string { return strings.TrimPrefix(digestOf(t, image), "sha256:") }
	for reference, image := range map[string]v1.Image{
		"signed": signed, "alias": signed, "unsigned": unsigned, "pretended": pretended,
		"sha256-" + hex(signed) + ".sig":       newImage(t),
		"sha256-" + hex(pretended) + ".sig":    unsigned, // an image like any other
		"sha256-" + hex(unsigned) + ".att":     newImage(t),
		"sha256-" + hex(unsigned):              newImage(t), // where bundles are listed
		"x-sha256-" + hex(unsigned) + ".sig":   newImage(t),
		"sha256-" + hex(unsigned)[1:] + ".sig": newImage(t),
	} {
		if err := push(t, server, "students/app:"+reference, image, login(password)); err != nil {
			t.Fatal(err)
		}
	}
	status, header, body := get(t, server, "/repository/students/app?tab=tags", password, "")
	if status != http.StatusOK || !strings.Contains(body, "The badge is a name and no verification.") {
		t.Fatalf("%d %s", status, body)
	}
	if csp := header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("the page may load anything: %q", csp)
	}
	badges := map[string]bool{}
	for _, row := range badgeOf.FindAllStringSubmatch(body, -1) {
		badges[row[1]] = strings.Contains(row[2], `class="badge"`)
	}
	for tag, want := range map[string]bool{"signed": true, "alias": true, "pretended": true, "unsigned": false} {
		if got, there := badges[tag]; !there || got != want {
			t.Errorf("%s: there %t, badge %t", tag, there, got)
		}
	}
	if len(badges) != 10 {
		t.Errorf("%d rows: %v", len(badges), badges)
	}
	if status, header, _ := get(t, server, "/repository/students/app?tab=tags", "", ""); status != http.StatusUnauthorized ||
		!strings.HasPrefix(header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("without a login: %d %s", status, header.Get("WWW-Authenticate"))
	}
	if status, _, body := get(t, server, "/repository/students/none", password, ""); status != http.StatusNotFound || !strings.Contains(body, "no such repository") {
		t.Errorf("a repository that is not there: %d", status)
	}
}

// TestThePageShowsNamesAsText: what comes from a pushed image is no markup.
func TestThePageShowsNamesAsText(t *testing.T) {
	server := startDestination(t, Config{Dir: t.TempDir()})
	status, _, body := get(t, server, "/repository/students/%3Cscript%3E", password, "")
	if status != http.StatusNotFound || strings.Contains(body, "<script>") {
		t.Errorf("%d %s", status, body)
	}
}
