// Mounts, and statfs that hangs.
#include <cstring>
#include <future>
#include <gmock/gmock.h>
#include <sys/statvfs.h>
#include <thread>

#include "plugins/collect/node/collectors/statfs_prober.hpp"
#include "tests/unit/plugins/collect/node/tree.hpp"

namespace tarsier::node {
namespace {

using testing::HasSubstr;
using testing::Not;
using Filesystems = TreeTest;

TEST_F(Filesystems, AreReadFromTheMountTable) {
  write("proc/1/mounts",
        "/dev/sda1 / ext4 rw,relatime 0 0\nproc /proc proc rw 0 0\n/dev/sdb1 /no\\040such\\040dir xfs ro,noatime 0 0\n"
        "tmpfs /run tmpfs rw 0 0\ntmpfs /run tmpfs rw 0 0\n");
  settings.mount_points_exclude = "^/(dev|sys)($|/)";
  settings.fs_types_exclude = "^(proc|sysfs)$";
  open({"filesystem"});
  const std::string text = round();
  EXPECT_THAT(text, HasSubstr("node_filesystem_readonly{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("node_filesystem_size_bytes{device=\"/dev/sda1\",fstype=\"ext4\",mountpoint=\"/\"} "));
  EXPECT_THAT(text, HasSubstr("node_filesystem_readonly{device=\"/dev/sdb1\",fstype=\"xfs\",mountpoint=\"/no such dir\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("node_filesystem_device_error{device=\"/dev/sdb1\",fstype=\"xfs\",mountpoint=\"/no such dir\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("node_filesystem_size_bytes{device=\"/dev/sdb1\"")));
  EXPECT_THAT(text, Not(HasSubstr("fstype=\"proc\"")));
}

TEST_F(Filesystems, AreFollowedWhenTheTableChanges) {
  write("proc/1/mounts", "a / ext4 rw 0 0\n");
  open({"filesystem"});
  EXPECT_THAT(round(), HasSubstr("device=\"a\""));
  write("proc/1/mounts", "b / ext4 rw 0 0\n");
  const std::string text = round();
  EXPECT_THAT(text, HasSubstr("device=\"b\""));
  EXPECT_THAT(text, Not(HasSubstr("device=\"a\"")));
}

// What the fake statfs below waits for; a plain function has no other way to it.
std::promise<void>* release_statfs = nullptr;
int hanging_statfs(const char* path, struct statvfs* out) {
  if (std::strcmp(path, "/hangs") == 0) release_statfs->get_future().wait();
  out->f_blocks = 42;
  return std::strcmp(path, "/fails") == 0 ? -1 : 0;
}

TEST(StatfsProber, AnswersWhileACallHangsAndRecovers) {
  std::promise<void> release;
  release_statfs = &release;
  StatfsProber prober(hanging_statfs);
  struct statvfs status{};
  constexpr std::chrono::milliseconds kLong{60'000}, kShort{1};
  EXPECT_EQ(prober.probe("/good", kLong, status), StatfsProber::Outcome::done);
  EXPECT_EQ(status.f_blocks, 42U);
  EXPECT_EQ(prober.probe("/fails", kLong, status), StatfsProber::Outcome::failed);
  EXPECT_EQ(prober.probe("/hangs", kShort, status), StatfsProber::Outcome::stuck);
  EXPECT_FALSE(prober.idle());
  EXPECT_EQ(prober.probe("/good", kLong, status), StatfsProber::Outcome::stuck);
  release.set_value();
  while (!prober.idle()) std::this_thread::yield();
  EXPECT_EQ(prober.probe("/good", kLong, status), StatfsProber::Outcome::done);
}

}  // namespace
}  // namespace tarsier::node
