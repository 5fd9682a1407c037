"""The workbench around the virtual Raspberry Pi, before the kiosk starts: its camera, and an engineer's settings.

The camera is the kernel's own virtual one (vivid): an HDMI output that is wired to an HDMI input, so that what `player`
writes into the one node comes out of the other as from any V4L2 camera, 640 x 480 pixels, the smallest that HDMI has.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
SETTINGS = Path("/etc/phenokiosk/kiosk.toml")
VALUES = {
    "uri": f'"v4l2://{HERE}/camera?frozen_s=0"',
    "width": "640",
    "height": "480",
    "fps": "5",
    "demo": '"on"',
}
"""What is slow here and what the demo is, as an engineer would write it."""
SMALLEST = "index=0"
SLOW = "percentage_of_dropped_buffers=90"
"""Six pictures a second of sixty: HDMI knows no slower clock for so small a picture."""
HDMI_LOOP = "n_devs=1 node_types=0x101 num_inputs=1 input_types=3 num_outputs=1 output_types=1"


def node(kind: str) -> Path:
    """The device node of vivid's capture or output."""
    for name in Path("/sys/class/video4linux").glob("*/name"):
        if kind in name.read_text():
            return Path("/dev") / name.parent.name
    raise SystemExit(f"vivid has no {kind}")


def main() -> None:
    """Load the camera, wire it, write the settings."""
    subprocess.run(["modprobe", "vivid", *HDMI_LOOP.split()], check=True)
    subprocess.run(["udevadm", "settle"], check=True)
    camera, output = node("vid-cap"), node("vid-out")
    for device in (output, camera):
        subprocess.run(["v4l2-ctl", f"--device={device}", f"--set-dv-bt-timings={SMALLEST}"], check=True)
    subprocess.run(["v4l2-ctl", f"--device={camera}", f"--set-ctrl=loop_video=1,{SLOW}"], check=True)
    form = "width=640,height=480,pixelformat=YUYV"
    subprocess.run(["v4l2-ctl", f"--device={output}", f"--set-fmt-video-out={form}"], check=True)
    for name, target in (("camera", camera), ("output", output)):
        (HERE / name).unlink(missing_ok=True)
        (HERE / name).symlink_to(target)
    text = SETTINGS.read_text()
    for name, value in VALUES.items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, count=1, flags=re.MULTILINE)
    SETTINGS.write_text(text)


if __name__ == "__main__":
    main()
