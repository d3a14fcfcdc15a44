#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

#include "tests/unit/core/scheduler/fixtures.hpp"

namespace tarsier::scheduler {
namespace {

namespace fs = std::filesystem;

/// What a watch has told, by path.
class Told {
 public:
  static void on_event(void* user, tarsier_str path, uint32_t events) {
    auto& self = *static_cast<Told*>(user);
    const std::lock_guard lock(self.mutex_);
    self.events_[std::string(view(path))] |= events;
    self.changed_.notify_all();
  }
  /// Waits until that event of that path has come, and takes it.
  void wait(const std::string& path, uint32_t event) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return (events_[path] & event) != 0; });
    events_[path] &= ~event;
  }
  bool empty() {
    const std::lock_guard lock(mutex_);
    for (const auto& [path, events] : events_)
      if (events != 0) return false;
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, uint32_t> events_;
};

class WatchTest : public testing::Test {
 protected:
  tarsier_watch* watch(const std::string& path) {
    auto made = scheduler.watch(owner, path, &told, Told::on_event);
    if (!made) ADD_FAILURE() << made.error().message();
    return made ? *made : nullptr;
  }
  TemporaryDirectory directory;
  Told told;
  host::Owner owner{"tail", "tail", false};
  SystemClock clock;
  Scheduler scheduler{clock, {}};
};

TEST_F(WatchTest, TellsOfAFileThatComesChangesAndGoes) {
  const std::string file = directory / "cert.pem";
  tarsier_watch* handle = watch(file);
  write_file(file, "one");
  told.wait(file, TARSIER_WATCH_CREATED);
  write_file(file, "two");
  told.wait(file, TARSIER_WATCH_CHANGED);
  fs::remove(file);
  told.wait(file, TARSIER_WATCH_REMOVED);
  Scheduler::unwatch(handle);
}

TEST_F(WatchTest, TellsOfAFileThatIsReplacedByRename) {
  const std::string file = directory / "tarsier.toml";
  write_file(file, "old");
  watch(file);
  write_file(directory / "tarsier.toml.new", "new");
  fs::rename(directory / "tarsier.toml.new", file);
  told.wait(file, TARSIER_WATCH_CHANGED);
}

TEST_F(WatchTest, FollowsASymbolicLinkThatIsSwitched) {
  fs::create_directory(directory / "v1");
  fs::create_directory(directory / "v2");
  write_file(directory / "v1/key", "one");
  write_file(directory / "v2/key", "second");
  fs::create_directory_symlink("v1", directory / "data");
  fs::create_symlink("data/key", directory / "key");
  watch(directory / "key");
  fs::create_directory_symlink("v2", directory / "data.new");
  fs::rename(directory / "data.new", directory / "data");
  told.wait(directory / "key", TARSIER_WATCH_CHANGED);
  write_file(directory / "v2/key", "changed in place");
  told.wait(directory / "key", TARSIER_WATCH_CHANGED);
}

TEST_F(WatchTest, TellsOfTheEntriesOfADirectory) {
  write_file(directory / "present", "x");
  watch(directory.path());
  write_file(directory / "new.so", "y");
  told.wait(directory / "new.so", TARSIER_WATCH_CREATED);
  write_file(directory / "present", "z");
  told.wait(directory / "present", TARSIER_WATCH_CHANGED);
  fs::remove(directory / "new.so");
  told.wait(directory / "new.so", TARSIER_WATCH_REMOVED);
  EXPECT_TRUE(told.empty());
}

TEST_F(WatchTest, WaitsForADirectoryThatDoesNotExist) {
  const std::string file = directory / "a/b/file";
  watch(file);
  fs::create_directories(directory / "a/b");
  write_file(file, "x");
  told.wait(file, TARSIER_WATCH_CREATED);
  fs::remove_all(directory / "a");
  told.wait(file, TARSIER_WATCH_REMOVED);
  fs::create_directories(directory / "a/b");
  write_file(file, "again");
  told.wait(file, TARSIER_WATCH_CREATED);
}

TEST_F(WatchTest, TellsOfADirectoryThatIsMadeAnew) {
  const std::string plugins = directory / "plugins";
  fs::create_directory(plugins);
  write_file(plugins + "/a.so", "a");
  watch(plugins);
  fs::remove_all(plugins);
  told.wait(plugins + "/a.so", TARSIER_WATCH_REMOVED);
  fs::create_directory(plugins);
  write_file(plugins + "/b.so", "b");
  told.wait(plugins + "/b.so", TARSIER_WATCH_CREATED);
  write_file(plugins + "/c.so", "c");
  told.wait(plugins + "/c.so", TARSIER_WATCH_CREATED);
}

TEST_F(WatchTest, IsSilentAfterUnwatch) {
  tarsier_watch* first = watch(directory / "file");
  Told other;
  auto second = scheduler.watch(owner, directory / "file", &other, Told::on_event);
  ASSERT_TRUE(second);
  Scheduler::unwatch(first);
  write_file(directory / "file", "x");
  other.wait(directory / "file", TARSIER_WATCH_CREATED);
  EXPECT_TRUE(told.empty());
}

TEST_F(WatchTest, RefusesAStoppedInstance) {
  owner.close();
  scheduler.detach(owner);
  EXPECT_EQ(scheduler.watch(owner, directory.path(), &told, Told::on_event).error().code(), TARSIER_UNAVAILABLE);
}

}  // namespace
}  // namespace tarsier::scheduler
