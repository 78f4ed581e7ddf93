#!/usr/bin/env bash
# Provide real windowed Blenders for the GUI tests: Debian's own, each in a chroot.
#
#   scripts/get_blender.sh [DIR [SUITE…]]     DIR: $CSM_BLENDERS, else ~/.cache/csm-blenders
#                                             SUITE: trixie (Blender 4.3) and sid (5.2 LTS)
#
# Prints one launcher per suite, DIR/blender-4.3 and DIR/blender-5.2, and puts Xvfb, import and xdotool
# beside them. To callers each is an ordinary program: paths, environment, signals and exit status are the
# host's. A finished chroot is reused, a half-made one is made anew. Needs root on a Debian or Ubuntu.
set -euo pipefail

# All mounts of this script live in a namespace of its own: they end with it, however it ends, so that
# removing a half-made chroot can never reach through a mount that was left behind.
if [[ -z ${CSM_IN_NAMESPACE:-} ]]; then
  [[ $EUID -eq 0 ]] || { echo "get_blender.sh: needs root (chroot and mount)" >&2; exit 1; }
  CSM_IN_NAMESPACE=1 exec unshare --mount -- "$0" "$@"
fi

dir=${1:-${CSM_BLENDERS:-$HOME/.cache/csm-blenders}}
shift || true
(($#)) || set -- trixie sid
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)

packages=(
  blender python3-requests                       # requests: the add-on's worker is started with this Python
  python3-numpy python3-cattr                    # the glTF importer and 5.2's extension system import them
  xvfb xauth xdotool imagemagick                 # a display, and pictures of it
  libgl1-mesa-dri libglx-mesa0 libegl1 libegl-mesa0   # software GL
  ca-certificates
)

# The mirror this machine is set up to use, so that no host name is written down here.
debian_mirror() {
  [[ -z ${CSM_DEBIAN_MIRROR:-} ]] || { echo "$CSM_DEBIAN_MIRROR"; return; }
  # shellcheck disable=SC2016  # $(REPO_URI) is apt's own notation
  apt-get indextargets --format '$(REPO_URI)' | grep -m1 '/debian/*$'
}

# $1: suite. Leaves a chroot with a Blender that has answered --version in $dir/$1.
make_chroot() {
  local suite=$1 root=$dir/$1
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase "$suite" "$root" "$mirror"
  # The host's proxy, retry and date settings hold inside too.
  apt-config dump | grep -E '^Acquire::(http|https|Retries|Check-)' >"$root/etc/apt/apt.conf.d/90host" || true
  echo 'Acquire::Languages "none";' >>"$root/etc/apt/apt.conf.d/90host"
  ln -sf /proc/self/mounts "$root/etc/mtab" # Blender looks for drives there and warns without it
  printf 'path-exclude=/usr/share/%s/*\n' doc man info >"$root/etc/dpkg/dpkg.cfg.d/small"
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/fast" # a crash means starting over anyway
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # packages start no services in here
  chmod +x "$root/usr/sbin/policy-rc.d"
  local mount
  for mount in proc sys dev; do mount --rbind "/$mount" "$root/$mount"; done
  DEBIAN_FRONTEND=noninteractive chroot "$root" sh -ec '
    apt-get -q update
    apt-get -qy install --no-install-recommends "$@"
    apt-get clean
    rm -rf /var/lib/apt/lists/*' sh "${packages[@]}"
  for mount in proc sys dev; do umount --recursive --lazy "$root/$mount"; done
}

# $1: chroot. The program that runs its arguments inside.
write_enter() {
  cat >"$1.enter" <<ENTER
#!/usr/bin/env bash
# Run a program inside ${1##*/}'s chroot (written by scripts/get_blender.sh).
set -euo pipefail
root=$(printf %q "$1")
ENTER
  cat >>"$1.enter" <<'ENTER'
# A mount namespace per run: nothing stays mounted, even after SIGKILL. Only exec from here on, so the
# program keeps this process id and gets signals, stdin and exit status without a middleman.
if [[ -z ${CSM_IN_CHROOT:-} ]]; then
  CSM_IN_CHROOT=$root exec unshare --mount -- "$0" "$@"
fi
unset CSM_IN_CHROOT
# What is not part of the system itself is the host's, under the same path. More: BLENDER_BIND=/var/lib/ci:…
IFS=: read -ra more <<<"${BLENDER_BIND:-}"
for path in /* "${more[@]}"; do
  case $path in
    /bin | /boot | /etc | /lib | /lib32 | /lib64 | /libx32 | /lost+found) continue ;;
    /media | /mnt | /run | /sbin | /usr | /var) continue ;;
  esac
  [[ -d $path && ! -L $path ]] || continue
  mkdir -p "$root$path"
  mount --rbind "$path" "$root$path"
done
for path in /etc/hosts /etc/resolv.conf; do
  [[ ! -e $path ]] || { touch "$root$path" && mount --bind "$path" "$root$path"; }
done
# The host's libraries and Python do not fit the ones in here.
unset LD_LIBRARY_PATH LD_PRELOAD PYTHONHOME PYTHONPATH
# A fresh HOME per test would otherwise compile every shader anew: 6 s of the first frame.
export MESA_SHADER_CACHE_DIR=${MESA_SHADER_CACHE_DIR:-/var/cache/mesa_shaders}
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 LIBGL_ALWAYS_SOFTWARE=1
exec chroot "$root" env --chdir="$PWD" "$@"
ENTER
  chmod +x "$1.enter"
}

# $1: name of the launcher, $2: chroot, $3: program.
write_launcher() {
  printf '#!/bin/sh\nexec %q %q "$@"\n' "$2.enter" "$3" >"$dir/$1.new"
  chmod +x "$dir/$1.new"
  mv "$dir/$1.new" "$dir/$1" # whole or not at all: a test may be starting it
}

# $1: suite. Runs in a subshell; prints nothing on stdout but the launcher.
provide() {
  local root=$dir/$1 version tool
  if [[ ! -e $root.done ]]; then
    # A trap and not `||`, which would switch off errexit in all of make_chroot.
    # shellcheck disable=SC2064  # expanded now: $root is gone when it runs
    trap "tail -n 40 ${root@Q}.log >&2" EXIT
    make_chroot "$1" >"$root.log" 2>&1
    trap - EXIT
  fi
  write_enter "$root"
  version=$("$root.enter" blender --version | sed -nE '1s/^Blender ([0-9]+\.[0-9]+).*/\1/p')
  "$root.enter" python3 -c 'import cattrs, numpy, requests' # what would fail much later, and less clearly
  write_launcher "blender-${version:?"$1: no Blender"}" "$root" blender
  for tool in Xvfb import xdotool; do write_launcher "$tool" "$root" "$tool"; done
  touch "$root.done"
  echo "$dir/blender-$version"
}

command -v debootstrap >/dev/null || {
  apt-get -q update >&2
  apt-get -qy install --no-install-recommends debootstrap >&2
}
mirror=$(debian_mirror) || { echo "get_blender.sh: no Debian mirror in apt's sources; set CSM_DEBIAN_MIRROR" >&2; exit 1; }

# Mostly waiting for dpkg and the network: side by side takes little more than one.
jobs=()
for suite; do
  provide "$suite" &
  jobs+=($!)
done
status=0
for job in "${jobs[@]}"; do wait "$job" || status=1; done
exit "$status"
