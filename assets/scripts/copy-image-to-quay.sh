# Copies the workshop's image into your registry and leaves IMAGE and QUAY set.
#
#   source ./copy-image-to-quay.sh
#
# It reads SOURCE_IMAGE (what to copy), QUAY (your registry's host), QUAY_USER and QUAY_PASSWORD, and if you have them IMAGE
# (where to copy to) and QUAY_ORGANIZATION (l3-students if it is not set). In place of user and password QUAY_TOKEN will do,
# an application's token of a Quay: it logs in as $oauthtoken, and both are set so. It wants skopeo and jq.
#
# It is sourced, so that what it exports stays. For the same reason it never calls exit, which would close your shell,
# and it works in a function and a subshell, which leave no other variable behind.

copy_image_to_quay() {
    unset -f copy_image_to_quay

    echo "Copying Image to Quay"
    echo "====================="
    echo ""

    if [ -z "${SOURCE_IMAGE:-}" ] || [ -z "${QUAY:-}" ]; then
        echo "SOURCE_IMAGE and QUAY must be set: the image to copy and the host of your registry." >&2
        return 1
    fi
    if [ -z "${QUAY_PASSWORD:-}" ] && [ -n "${QUAY_TOKEN:-}" ] && [ "${QUAY_USER:-\$oauthtoken}" = '$oauthtoken' ]; then
        QUAY_USER='$oauthtoken'
        QUAY_PASSWORD=$QUAY_TOKEN
    fi
    if [ -z "${QUAY_USER:-}" ] || [ -z "${QUAY_PASSWORD:-}" ]; then
        echo "QUAY_USER and QUAY_PASSWORD, or QUAY_TOKEN, must be set: who may push to $QUAY." >&2
        return 1
    fi

    # An IMAGE that lies in another registry is left over from something else.
    case "${IMAGE:-}" in
    "$QUAY"/*) ;;
    *)
        IMAGE=${SOURCE_IMAGE##*/}
        case "$IMAGE" in
        *@*) IMAGE=${IMAGE%%@*}:latest ;;
        *:*) ;;
        *) IMAGE=$IMAGE:latest ;;
        esac
        IMAGE=$QUAY/${QUAY_ORGANIZATION:-l3-students}/$IMAGE
        ;;
    esac
    export IMAGE QUAY

    (
        # TLS is wanted everywhere but on this very machine, where nobody can listen in between.
        scheme=https
        source_tls=--src-tls-verify=true
        destination_tls=--dest-tls-verify=true
        case "$QUAY" in
        127.*:* | localhost:* | "[::1]":*)
            scheme=http
            destination_tls=--dest-tls-verify=false
            ;;
        esac
        case "$SOURCE_IMAGE" in
        127.*:*/* | localhost:*/* | "[::1]":*/*) source_tls=--src-tls-verify=false ;;
        esac
        repository=${IMAGE%%@*}
        repository=${repository#"$QUAY"/}
        repository=${repository%:*}

        echo "Quay Host: $QUAY"
        echo "Quay URL: $scheme://$QUAY"
        echo "Quay User: $QUAY_USER (the password stays hidden)"
        echo ""
        echo "Source Image: $SOURCE_IMAGE"
        echo "Destination Image: $IMAGE"
        echo ""
        echo "Copying image from $SOURCE_IMAGE to $IMAGE..."
        echo "This may take a few moments..."
        echo ""

        # The password travels in a file that only you can read and that is emptied and removed when the copy ends: on a
        # command line everybody on the machine could see it. What you log in to later is not touched. The workshop's own
        # shell has no mktemp; there the file lies in the lesson's directory, which is private already.
        umask 077 2>/dev/null || :
        folder=
        if command -v mktemp >/dev/null 2>&1; then
            folder=$(mktemp -d) || exit 1
        fi
        file=${folder:+$folder/}copy-image.$$.json
        clean_up() {
            : >"$file"
            if command -v rm >/dev/null 2>&1; then
                rm -rf "$file" ${folder:+"$folder"}
            fi
        }
        trap "exit 130" HUP INT TERM 2>/dev/null || :
        trap clean_up EXIT
        if QUAY="$QUAY" QUAY_USER="$QUAY_USER" QUAY_PASSWORD="$QUAY_PASSWORD" \
            jq -n '{auths: {(env.QUAY): {auth: ("\(env.QUAY_USER):\(env.QUAY_PASSWORD)" | @base64)}}}' >"$file" &&
            skopeo copy --all "$source_tls" "$destination_tls" --dest-authfile "$file" "docker://$SOURCE_IMAGE" "docker://$IMAGE"; then
            status=0
        else
            status=$?
        fi
        trap - EXIT
        clean_up

        echo ""
        if [ "$status" -ne 0 ]; then
            echo "The image was not copied: exit code $status, for the reason above." >&2
            exit "$status"
        fi
        echo "================================"
        echo "Success!"
        echo "================================"
        echo "Image copied successfully"
        echo "Source: $SOURCE_IMAGE"
        echo "Destination: $IMAGE"
        echo "Image URL: $scheme://$QUAY/repository/$repository"
        echo "================================"
    )
}

copy_image_to_quay
