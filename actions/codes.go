package actions

// The codes of everything that can go wrong. A package adds its own here, so that the catalogue stays in one place.
const (
	CodeUsage       Code = "usage"         // the command line is wrong
	CodeNobodyToAsk Code = "nobody-to-ask" // a question and no person
	CodeInternal    Code = "internal"      // a defect of sigwalk
	CodeDeclined    Code = "declined"      // a person was asked and said no

	CodeUnreachable Code = "unreachable"     // no connection: name, address, refused, timed out
	CodeTLS         Code = "tls"             // certificate not trusted, or no TLS where it is wanted
	CodeServer      Code = "server-failed"   // a 5xx answer
	CodeThrottled   Code = "throttled"       // a 429 answer
	CodeNotAsked    Code = "answer-unusable" // an answer that is not of the protocol

	CodeReference          Code = "reference-invalid"    // not an image reference
	CodeImageNotFound      Code = "image-not-found"      // no such repository or digest
	CodeTagNotFound        Code = "tag-not-found"        // the repository has no such tag; exit 11
	CodeNotAnImage         Code = "not-an-image"         // a manifest that is no image or index
	CodeWrongPassword      Code = "wrong-credentials"    // user or password refused
	CodeUnauthorized       Code = "not-logged-in"        // no credentials were sent
	CodeForbidden          Code = "no-right"             // credentials fine, right missing
	CodeNoOrganization     Code = "no-organization"      // the namespace does not exist
	CodeImmutableTag       Code = "tag-immutable"        // the registry refuses to move the tag
	CodeManifestTooLarge   Code = "manifest-too-large"   // over the registry's limit
	CodeDigestMismatch     Code = "digest-mismatch"      // what arrived is not what was named
	CodePipelineUnreadable Code = "pipeline-unreadable"  // no pipeline of GitHub or GitLab
	CodeLayout             Code = "layout-unusable"      // no OCI image layout or archive that can be read
	CodePack               Code = "pack-damaged"         // no pack of sigwalk's, or one that is not as it was written
	CodeFileInTheWay       Code = "file-in-the-way"      // a file is there that must not be overwritten
	CodeImageInTheWay      Code = "image-in-the-way"     // an image or a list is there that must not be overwritten
	CodeNetworkRefused     Code = "network-refused"      // a call that must not be made was tried
	CodeCredentialStore    Code = "credential-store"     // config.json or a helper cannot be used
	CodeSignatureLost      Code = "signature-lost"       // others overwrote the signature faster than it could be restored
	CodeStateUnreadable    Code = "state-unreadable"     // a state file is broken
	CodeStateUnwritable    Code = "state-unwritable"     // read-only or full
	CodePortTaken          Code = "port-taken"           // a port of the sandbox is in use
	CodeOwned              Code = "sandbox-owned"        // another process owns the directory
	CodeNotRunning         Code = "sandbox-not-running"  // no sandbox runs for the directory
	CodeSandboxFailed      Code = "sandbox-failed"       // a server of it did not start, or its process died
	CodeNotBare            Code = "sandbox-not-bare"     // it has what a bare one lacks
	CodeIssuerUnusable     Code = "issuer-unusable"      // an identity provider that the sandbox's Fulcio cannot trust
	CodeLessonBroken       Code = "lesson-broken"        // a lesson file cannot be used
	CodeOutsideLesson      Code = "outside-lesson"       // a path outside the lesson's directory
	CodeHostProgram        Code = "host-program-refused" // a host program that was not allowed
	CodeStepBlocked        Code = "step-blocked"         // a step that an earlier one must make possible
	CodeStepRunning        Code = "step-running"         // one step runs at a time
	CodeProjectorOwned     Code = "projector-owned"      // another process presents from the directory
	CodeNoProjector        Code = "no-projector"         // nobody presents from the directory
	CodeRecording          Code = "recording-unusable"   // no recording of a terminal that can be played

	CodeNoCluster     Code = "no-cluster"           // no kubeconfig and no pod's account
	CodeNoDeployment  Code = "no-deployment"        // no Trusted Artifact Signer on the cluster that the account can see
	CodeSeveral       Code = "several-deployments"  // more than one, and none was chosen
	CodeNotReady      Code = "deployment-not-ready" // it is there and does not work yet
	CodeContradiction Code = "variables-contradict" // two names of one endpoint have different values

	CodeRootChecksum   Code = "root-checksum"   // the initial root is not the pinned one
	CodeTrustRoot      Code = "trust-root"      // TUF metadata missing, expired or invalid
	CodeNoTrustRoot    Code = "no-trust-root"   // not initialised
	CodeTokenMalformed Code = "token-malformed" // not a JWT, or cut off
	CodeTokenExpired   Code = "token-expired"
	CodeTokenAudience  Code = "token-audience" // for somebody else
	CodeTokenRefused   Code = "token-refused"  // Fulcio refused it
	CodeNoToken        Code = "no-token"       // no identity token and no other way to sign in
	CodeNotOffered     Code = "not-offered"    // the identity provider lacks what is needed

	CodeSignInRefused   Code = "sign-in-refused"   // the code or the token of a sign-in is not good
	CodeSignInCancelled Code = "sign-in-cancelled" // broken off at the provider's page
	CodeSignInTimeout   Code = "sign-in-timeout"   // nobody logged in in time
	CodeClientRefused   Code = "client-refused"    // the provider does not let the client do this
	CodeUserConflict    Code = "user-conflict"     // the name or the address of a user to be made is somebody else's
	CodeClock           Code = "clock-wrong"       // this machine's clock and another's differ

	CodeLogUnavailable Code = "log-unavailable"
	CodeLogRefused     Code = "log-refused"
	CodeTimestamp      Code = "timestamp-failed"
	CodeSCT            Code = "sct-invalid"

	CodeKeyUnreadable Code = "key-unreadable" // no key there, or not one of the kind that is wanted
	CodeKeyPassword   Code = "key-password"   // the password does not open the key, or the two typed differ
	CodeKeyInTheWay   Code = "key-in-the-way" // a key is there that must not be overwritten
	CodeNotBuiltIn    Code = "not-built-in"   // the real tool can, this program cannot

	CodeNoSignatures  Code = "no-signatures"  // exit 10
	CodeNoMatch       Code = "no-match"       // exit 12
	CodeNoCertificate Code = "no-certificate" // exit 13
	CodeClaims        Code = "claims-mismatch"
	CodeSignature     Code = "signature-invalid"
	CodeChain         Code = "chain-invalid"
	CodeLogEntry      Code = "log-entry-invalid"
	CodeTime          Code = "time-outside-certificate"
	CodeSubject       Code = "subject-mismatch"
	CodeIssuer        Code = "issuer-mismatch"
	CodeNotVerified   Code = "not-verified" // cosign refused it for a reason of its own

	// Of single checks. A check that was left out has a code, too: it says what is no longer proven.
	CodeFormat        Code = "format-invalid"        // a part cannot be read
	CodeAnnotations   Code = "annotations-mismatch"  // an annotation that was asked for is not signed
	CodeKey           Code = "key-mismatch"          // made with another key
	CodeLogUnknown    Code = "log-unknown"           // a log that the trust root does not know
	CodeLogPayload    Code = "log-payload-mismatch"  // the entry records another payload
	CodeSET           Code = "log-set-invalid"       // the log did not sign this entry
	CodeProof         Code = "log-proof-invalid"     // the proof does not lead to a signed root hash
	CodeNoLogEntry    Code = "log-entry-missing"     // none came with the signature
	CodeNoProof       Code = "log-proof-not-carried" // none came with the signature; the log has it
	CodeNoTimestamp   Code = "timestamp-not-carried" // none came with the signature
	CodeTimeUnproven  Code = "time-unproven"         // nothing that verifies shows the time
	CodeExpired       Code = "certificate-expired"   // held against the present, and too late
	CodeSkippedClaims Code = "claims-skipped"        // --check-claims=false
	CodeSkippedLog    Code = "log-skipped"           // --insecure-ignore-tlog
	CodeSkippedSCT    Code = "sct-skipped"           // --insecure-ignore-sct
	CodeUnusedStamp   Code = "timestamp-not-used"    // carried, and --use-signed-timestamps was not given
	CodeAnyIdentity   Code = "identity-not-asked"    // the policy does not say whose signature counts
	CodeNeedsOther    Code = "needs-another-check"   // what it needs could not be read or did not verify
	CodeDisagreement  Code = "verdict-disagrees"     // verdict and checks differ: a defect of sigwalk
	CodeNotSigned     Code = "not-signed"            // a document beside the image that nobody signed

	// Of the doctor: what is wrong with a deployment, seen from this machine.
	CodeNoAnswer        Code = "no-answer"          // a server took the request and said nothing in time
	CodeAccessRefused   Code = "access-refused"     // something in front of a service wants a login
	CodeNameUnknown     Code = "name-unknown"       // no name server knows it
	CodeTLSAuthority    Code = "tls-authority"      // a certificate of an authority that is not known here
	CodeTLSName         Code = "tls-name"           // a certificate for another name
	CodeTLSExpired      Code = "tls-expired"        // a certificate outside its time
	CodeTLSMissing      Code = "tls-missing"        // plain HTTP where https:// is configured
	CodeIssuerMissing   Code = "issuer-missing"     // the identity provider has no such issuer
	CodeIssuerDiffers   Code = "issuer-differs"     // the issuer calls itself by another name
	CodeClientMissing   Code = "client-missing"     // the identity provider has no such public client
	CodeLoopbackMissing Code = "redirect-loopback"  // the client may not send the browser back to this machine
	CodeRedirectMissing Code = "redirect-oob"       // the client may not show the code to the person
	CodeDeviceOff       Code = "device-grant-off"   // the client may not sign in a device
	CodePasswordOff     Code = "password-grant-off" // the client may not sign in with a password
	CodeTUFExpired      Code = "tuf-expired"        // a role of the mirror's metadata
	CodeRootRotated     Code = "root-rotated"       // the pinned root was replaced by one that it signed
	CodeTrustRootStale  Code = "trust-root-stale"   // what is kept here is not the deployment's of today
	CodeStampAuthority  Code = "timestamp-unknown"  // the trust root lacks the timestamp authority
	CodeFulcioIssuer    Code = "fulcio-issuer"      // Fulcio does not trust the issuer
	CodeFulcioClient    Code = "fulcio-client"      // Fulcio wants tokens of another client
	CodeFulcioAuthority Code = "fulcio-unknown"     // the trust root lacks Fulcio's certificate authority
	CodeRekorKey        Code = "rekor-unknown"      // the trust root lacks Rekor's key
	CodeCheckpoint      Code = "checkpoint-invalid" // what the log signs of itself does not verify
	CodeLogForked       Code = "log-forked"         // the log shows another history than before
	CodeSearchIndex     Code = "search-index-off"   // the log cannot be searched
	CodeUserRefused     Code = "user-refused"       // the identity provider does not let the user in
	CodeAudienceMapper  Code = "audience-mapper"    // access tokens are not for the client
	CodeEmail           Code = "email-unusable"     // the token names nobody whom a certificate can be for
	CodeCTLog           Code = "ctlog-unknown"      // the trust root lacks the certificate log's key
	CodeLogStill        Code = "log-stands-still"   // the log took an entry and did not grow
	CodePullDenied      Code = "pull-denied"        // no right to read the repository
	CodePushDenied      Code = "push-denied"        // no right to write to the repository
	CodeReferrers       Code = "referrers-broken"   // the registry fails when asked what refers to an image
	CodeManifestLimit   Code = "manifest-limit"     // nearly as many signatures as the registry takes
	CodeDiskLow         Code = "disk-low"           // little room below the state directory
	CodeCosignUnusable  Code = "cosign-unusable"    // the cosign on the PATH does not run
	CodeCosignOld       Code = "cosign-old"         // the cosign on the PATH is of version 1
)
