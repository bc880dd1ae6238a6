# Signs in as the technical user and leaves the identity token in SIGSTORE_ID_TOKEN, where cosign looks for it.
#
#   source ./get-access-token.sh
#
# It reads COSIGN_OIDC_ISSUER (the identity provider; where cosign 3 is used it is not set, and the one that verification asks
# for, COSIGN_CERTIFICATE_OIDC_ISSUER, is meant), COSIGN_OIDC_CLIENT_ID (trusted-artifact-signer if it is not set), OIDC_USER
# and OIDC_PASSWORD. It wants curl and jq.
#
# The password and the token never stand on a command line, where everybody on the machine could see them, and the token
# is never printed. The script is sourced, so it never calls exit outside a subshell.

get_access_token() {
    unset -f get_access_token

    echo "Getting an Identity Token"
    echo "========================="
    echo ""

    # The issuer is $1 from here on: a function's arguments are its own.
    set -- "${COSIGN_OIDC_ISSUER:-${COSIGN_CERTIFICATE_OIDC_ISSUER:-}}"
    if [ -z "$1" ] || [ -z "${OIDC_USER:-}" ] || [ -z "${OIDC_PASSWORD:-}" ]; then
        echo "COSIGN_OIDC_ISSUER, OIDC_USER and OIDC_PASSWORD must be set: the identity provider and the technical user." >&2
        return 1
    fi
    echo "Issuer: $1"
    echo "Client: ${COSIGN_OIDC_CLIENT_ID:-trusted-artifact-signer}"
    echo "User: $OIDC_USER (the password stays hidden)"
    echo ""
    echo "Retrieving the token..."

    SIGSTORE_ID_TOKEN=$(
        configuration=$(curl -s -S -f "${1%/}/.well-known/openid-configuration") || exit 1
        endpoint=$(printf '%s' "$configuration" | jq -r '.token_endpoint // empty')
        if [ -z "$endpoint" ]; then
            echo "$1 names no token endpoint: is it an OpenID Connect issuer?" >&2
            exit 1
        fi
        answer=$(
            printf '%s' "$OIDC_PASSWORD" |
                curl -s -S -X POST "$endpoint" \
                    -H "Content-Type: application/x-www-form-urlencoded" \
                    --data-urlencode "grant_type=password" \
                    --data-urlencode "scope=openid email" \
                    --data-urlencode "client_id=${COSIGN_OIDC_CLIENT_ID:-trusted-artifact-signer}" \
                    --data-urlencode "username=$OIDC_USER" \
                    --data-urlencode "password@-"
        ) || exit 1
        # An identity token is meant for this client, which is what Fulcio asks for; an access token often is not.
        token=$(printf '%s' "$answer" | jq -r '.id_token // .access_token // empty' 2>/dev/null) || token=
        if [ -z "$token" ]; then
            reason=$(printf '%s' "$answer" | jq -r '.error_description // .error // empty' 2>/dev/null) || reason=
            echo "The identity provider gave no token: ${reason:-it did not say why}" >&2
            exit 1
        fi
        printf '%s' "$token"
    ) || {
        unset SIGSTORE_ID_TOKEN
        echo "SIGSTORE_ID_TOKEN is not set." >&2
        return 1
    }
    export SIGSTORE_ID_TOKEN

    echo ""
    echo "================================"
    echo "Success!"
    echo "================================"
    # A token is three parts joined by dots; the second holds the claims.
    printf '%s' "$SIGSTORE_ID_TOKEN" | jq -R -r 'split(".")[1] | gsub("-"; "+") | gsub("_"; "/") | @base64d | fromjson |
        "Identity: \(.email // .sub)", "Issued by: \(.iss)", "Valid until: \(.exp | todate)"'
    echo "SIGSTORE_ID_TOKEN is set and exported. It is as good as a password until then, so it is not shown."
    echo "================================"
}

get_access_token
