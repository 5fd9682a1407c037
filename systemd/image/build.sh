#!/bin/sh
# Build the SD card's image: build.sh arm64 OUT. Root only (it makes a root file system); `make image` runs it.
#
# Debian's packages come from wherever this machine's apt gets Debian, for the other architecture; Python's from the
# wheels that `tools.wheels` has fetched. OUT gets sd.img, and beside it kernel, initrd and device tree, because a
# virtual machine has no boot ROM that would read them from the card.
set -eu
arch=$1 out=$2
here=$(cd "$(dirname "$0")" && pwd)
mib() { echo $(($1 * 1024 * 1024)); }
# MiB. The whole is a power of two, as cards and their emulation want it.
boot=256 root=3000 whole=4096

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
  --customize-hook="$here/customize.sh \"\$1\" '$out'" --skip=cleanup/apt/lists \
  bookworm "$out/root" - < "$out/sources"

# What the card begins with; the rest of the machine never changes.
chroot "$out/root" dpkg-query --show --showformat '${Package} ${Version}\n' > "$out/packages"
mv "$out/root/data" "$out/data" && mkdir "$out/root/data"
for file in vmlinuz initrd.img; do
  cp -L "$out/root/$file" "$out/${file%.img}"
done
cp "$out"/root/usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb "$out/"

rest=$((whole - boot - root - 1))
rm -f "$out"/*.part "$out/sd.img"
truncate -s "$(mib $boot)" "$out/boot.part"
mkfs.vfat -F 32 -n PHENO-BOOT "$out/boot.part" > "$out/mkfs.log"
mcopy -i "$out/boot.part" -s "$out"/root/boot/firmware/* :: 2>> "$out/mkfs.log" || true
mke2fs -q -t ext4 -L pheno-root -d "$out/root" "$out/root.part" ${root}M
mke2fs -q -t ext4 -L pheno-data -m 1 -d "$out/data" "$out/data.part" ${rest}M

truncate -s "$(mib $whole)" "$out/sd.img"
sfdisk --quiet "$out/sd.img" <<TABLE
label: dos
start=1MiB, size=${boot}MiB, type=c, bootable
size=${root}MiB, type=83
type=83
TABLE
start=1
for part in boot:$boot root:$root data:$rest; do
  dd if="$out/${part%:*}.part" of="$out/sd.img" bs=1M seek=$start conv=notrunc,sparse status=none
  start=$((start + ${part#*:}))
done
rm -f "$out"/*.part
