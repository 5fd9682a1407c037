#!/bin/sh
# Build the SD card's image: build.sh arm64 OUT. Root only (it makes a root file system); `make image` runs it.
#
# Debian's packages come from wherever this machine's apt gets Debian, for the other architecture; Python's from the
# wheels that `tools.wheels` has fetched. OUT gets sd.img, and beside it kernel, initrd and device tree, because a
# virtual machine has no boot ROM that would read them from the card.
set -eu
arch=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
[ "$arch" = arm64 ] || { echo "there are wheels for arm64 only, not for $arch" >&2; exit 2; }
# Programs of the other architecture run here by the kernel's help, which a container may not have switched on yet.
if [ ! -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ]; then
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
  update-binfmts --enable qemu-aarch64
fi

rm -rf "$out/root" "$out/data"
mkdir -p "$out"

apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
  sort -u > "$out/sources"
[ -s "$out/sources" ] || { echo "apt knows no Debian here: apt-get update" >&2; exit 1; }
apt-config dump | grep -E '^Acquire::(Check|Retries|https?:)' > "$out/apt.conf" || true
wanted=$(sed 's/#.*//' "$here/packages" | xargs | tr ' ' ',')

# Manuals and translations stay out; licences (copyright) stay in.
mmdebstrap --architectures="$arch" --variant=minbase --include="$wanted" --aptopt="$out/apt.conf" \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --essential-hook="mkdir -p \"\$1/etc/initramfs-tools/conf.d\" \"\$1/usr/share/initramfs-tools/modules.d\"" \
  --essential-hook="cp '$here/initramfs.conf' \"\$1/etc/initramfs-tools/conf.d/phenokiosk\"" \
  --essential-hook="cp '$here/initramfs.modules' \"\$1/usr/share/initramfs-tools/modules.d/phenokiosk\"" \
  --customize-hook="$here/customize.sh \"\$1\" '$out'" --skip=cleanup/apt/lists \
  bookworm "$out/root" - < "$out/sources"

# What the card begins with; the rest of the machine never changes.
chroot "$out/root" dpkg-query --show --showformat '${Package} ${Version}\n' > "$out/packages"
mv "$out/root/data" "$out/data" && mkdir "$out/root/data"
for file in vmlinuz initrd.img; do
  cp -L "$out/root/$file" "$out/${file%.img}"
done
cp "$out/root/usr/lib/"linux-image-*/broadcom/bcm2837-rpi-3-b.dtb "$out/"

"$here/assemble.sh" "$out"
