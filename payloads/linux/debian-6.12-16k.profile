# The kernel of Debian 13 as backported to Debian 12: 16K pages, every driver.
suite=bookworm-backports
package=linux-image-6.12.95+deb12-arm64-16k
version=6.12.95-1~bpo12+1
sha256=505633c576b7e62e7639dca330cdfdba3fd7d615eb1a9e6cec41581b1b57f7b4
# The package that depends on the suite's newest such kernel, for when the pinned one is gone.
newest=linux-image-arm64-16k
