# Bare systems of Debian in a folder: `. release/root.sh`, then make_root and inside. They need root.
# Where Debian's packages come from.
MIRROR=${MIRROR:-http://deb.debian.org/debian}

# make_root SUITE FOLDER [PACKAGE,…]: a minimal system with these packages.
# Each step says whether to go on: within `make_root … ||` the shell stops at no failure.
make_root() {
    rm -rf "$2"
    # debootstrap has no script for a release that is still to come: that of sid will do.
    local script=/usr/share/debootstrap/scripts/$1
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
    debootstrap --variant=minbase ${3:+--include="$3"} "$1" "$2" "$MIRROR" "$script" || return 1
    # The root reaches the network as this machine does: its resolver, and the authorities that it trusts.
    cp /etc/resolv.conf /etc/hosts "$2/etc/" || return 1
    cp /etc/ssl/certs/ca-certificates.crt "$2/etc/machine-authorities.pem"
}

# inside ROOT FOLDER COMMAND [TMPFS…]: run a command in a folder of a root; its processes and mounts end with it, and so
# do the files below the folders TMPFS.
inside() {
    unshare --mount --pid --fork --kill-child bash -euc '
        root=$0 folder=$1 command=$2
        shift 2
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        for place in dev/shm run tmp "$@"; do mkdir -p "$root/$place"; mount -t tmpfs tmpfs "$root/$place"; done
        authorities=/etc/machine-authorities.pem
        exec env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            PIP_CERT=$authorities NODE_EXTRA_CA_CERTS=$authorities ${PIP_INDEX_URL:+PIP_INDEX_URL="$PIP_INDEX_URL"} \
            ${SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH"} \
            chroot "$root" bash -c "cd \"\$0\" && $command" "$folder"' "$@"
}
