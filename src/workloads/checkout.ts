/**
 * A POSIX shell script that checks GIT_REF of GIT_URL out into its working directory, and fails closed: an agent never
 * starts on an empty or wrong checkout. It needs git, a scratch folder (TMPDIR) and the programs of busybox.
 *
 * GIT_REF is HEAD (the repository's default branch), a branch, a tag, any other full name of a ref, or a commit. A branch
 * wins over a tag of its name. Only what the ref holds now is fetched (depth 1), where the server gives it.
 *
 * What a checkout that was cut short left behind is removed: no agent has worked in it. One that was finished earlier, in
 * a persistent workspace, is an agent's: it stays as that agent left it, and is refused where it is not of this address
 * and ref. Its .git/config, hooks and objects could make git run programs or print this process' environment, and so
 * give the password away; that is why git does not run in it, and why nothing that an agent wrote is printed.
 */
export const checkoutScript = `set -eu
begun=.darkfactory-checkout
finished=.git/darkfactory
scratch=$(mktemp -d)
fail() { echo "$1" >&2; exit 1; }
clear() { find . -mindepth 1 -maxdepth 1 ! -name lost+found ! -name "$begun" -exec rm -rf {} +; }

if [ -e "$begun" ]; then clear; fi
if [ -n "$(ls -A | grep -Fvx -e lost+found -e "$begun")" ]; then
  [ -f "$finished" ] || fail "the workspace holds files, but no checkout of $GIT_URL"
  printf '%s\\n' "$GIT_URL" "$GIT_REF" | cmp -s "$finished" - ||
    fail "the workspace holds another checkout than $GIT_REF of $GIT_URL: delete its PersistentVolumeClaim to begin anew"
  # A run that was killed leaves locks, and its workspace has no other user.
  find .git -type f -name '*.lock' -exec rm -f {} +
  exit 0
fi

: > "$begun"
trap 'code=$?; if [ -e "$begun" ]; then clear; rm -f "$begun"; fi; exit "$code"' EXIT
git check-ref-format --allow-onelevel "$GIT_REF" || fail "$GIT_REF is no name of a branch, a tag or a commit"
git init --quiet --template= .
git remote add origin "$GIT_URL"
git ls-remote --quiet --symref origin HEAD "refs/heads/$GIT_REF" "refs/tags/$GIT_REF" "$GIT_REF" > "$scratch/refs"
is_ref() { cut -f 2 "$scratch/refs" | grep -Fqx -e "$1"; }
take() { git fetch --quiet --no-tags --depth 1 origin "$@"; }

branch=
if [ "$GIT_REF" = HEAD ]; then
  is_ref HEAD || fail "the repository $GIT_URL is empty, or has no default branch"
  branch=$(sed -n 's|^ref: refs/heads/\\([^[:space:]]*\\)[[:space:]]*HEAD$|\\1|p' "$scratch/refs")
elif is_ref "refs/heads/$GIT_REF"; then
  branch=$GIT_REF
elif is_ref "$GIT_REF"; then
  case "$GIT_REF" in refs/heads/*) branch=\${GIT_REF#refs/heads/} ;; esac
fi
if [ -n "$branch" ]; then
  take "+refs/heads/$branch:refs/remotes/origin/$branch"
  wanted=$(git rev-parse --verify --quiet "refs/remotes/origin/$branch^{commit}")
  git checkout --quiet -B "$branch" "refs/remotes/origin/$branch"
else
  if is_ref "refs/tags/$GIT_REF"; then
    take "+refs/tags/$GIT_REF:refs/tags/$GIT_REF"
    found="refs/tags/$GIT_REF"
  elif is_ref "$GIT_REF"; then
    take "$GIT_REF"
    found=FETCH_HEAD
  else
    # A commit. Not every server gives one that is no branch's newest by itself: then all of the history is fetched.
    case "$GIT_REF" in *[!0-9a-f]*) fail "the repository $GIT_URL has no branch, tag or commit $GIT_REF" ;; esac
    take "$GIT_REF" 2>/dev/null || git fetch --quiet --tags origin
    found=$GIT_REF
  fi
  wanted=$(git rev-parse --verify --quiet "$found^{commit}") ||
    fail "the repository $GIT_URL has no commit $GIT_REF"
  git checkout --quiet --detach "$wanted"
fi
[ "$(git rev-parse HEAD)" = "$wanted" ] || fail "the checkout is at $(git rev-parse HEAD), and not at $wanted"
[ -n "$(git ls-tree --name-only HEAD)" ] || fail "$GIT_REF of $GIT_URL holds no files"
printf '%s\\n' "$GIT_URL" "$GIT_REF" > "$finished"
rm "$begun"
echo "checked out $GIT_REF of $GIT_URL: commit $wanted"
`;
