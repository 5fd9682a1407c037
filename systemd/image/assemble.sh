#!/bin/sh
# Put the card together out of what build.sh has made: assemble.sh OUT. OUT/root and OUT/data become partitions of sd.img.
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
mib() { echo $(($1 * 1024 * 1024)); }
# MiB. The whole is a power of two, as cards and their emulation want it.
boot=256 root=3000 whole=4096
rest=$((whole - boot - root - 1))
rm -f "$out"/*.part "$out/sd.img"
truncate -s "$(mib $boot)" "$out/boot.part"
mkfs.vfat -F 32 -n PHENO-BOOT "$out/boot.part" > /dev/null
mcopy -i "$out/boot.part" "$out/vmlinuz" "$here/config.txt" "$here/cmdline.txt" \
  "$out/root/usr/lib/"linux-image-*/broadcom/bcm2[78]*.dtb ::
mcopy -i "$out/boot.part" "$out/initrd" ::initrd.img
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
