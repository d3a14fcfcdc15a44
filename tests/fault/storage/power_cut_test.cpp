// Power cuts: the writes of a run are recorded; at many points of the recording a disk is put together that has everything synced
// before and a random part of the rest, in 512-byte sectors; the storage must open it, hold a state that once was, and miss nothing
// that its durability promised.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sys/stat.h>

#include "core/storage/files.hpp"
#include "tests/fault/storage/faulty_disk.hpp"
#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

constexpr size_t kSector = 512;

class PowerCut : public StorageTest, public ::testing::WithParamInterface<tarsier_durability> {
 protected:
  struct State {
    Contents first;
    Contents second;
    bool operator==(const State&) const = default;
  };
  struct Disk {
    std::string data;
    std::string mark;
  };

  void SetUp() override {
    options_.durability = GetParam();
    options_.sync_interval = std::chrono::milliseconds(2);
    options_.boot_id = "before";
    StorageTest::SetUp();
  }

  std::string file(const char* name) const { return dir_.path() + "/e/" + name; }
  static std::string load(const std::string& path) {
    auto text = read_file(path);
    return text ? *text : std::string();
  }

  /// One random transaction; the state number is in it, so that any state can be told from any other.
  void transact(tarsier_env* env) {
    State next = states_.back();
    const std::string number = std::to_string(states_.size());
    std::vector<std::string> keys;
    std::vector<std::string> values;
    std::vector<tarsier_op> ops;
    keys.reserve(8);
    values.reserve(8);
    ops.push_back(put("first", "number", number));
    next.first["number"] = number;
    for (unsigned i = 0; i < 1 + random_() % 5; ++i) {
      const std::string& key = keys.emplace_back(numbered_key(random_() % 200));
      if (random_() % 3 == 0) {
        ops.push_back(del("second", key));
        next.second.erase(key);
      } else {
        const std::string& value = values.emplace_back(random_() % 9000, static_cast<char>('a' + random_() % 26));
        ops.push_back(put("second", key, value));
        next.second[key] = value;
      }
    }
    const Outcome outcome = write(env, ops);
    ASSERT_EQ(outcome.status, TARSIER_OK) << outcome.message;
    states_.push_back(std::move(next));
    FaultyDisk::note_acknowledged(states_.size() - 1);
  }

  static void apply(std::string& image, const DiskEvent& event, size_t from, size_t size) {
    if (image.size() < event.offset + from + size) image.resize(event.offset + from + size, '\0');
    std::copy_n(event.data.data() + from, size, image.data() + event.offset + from);
  }

  /// The disk after a cut before event `cut`: every file as of its last sync, and a random part of what was written after.
  Disk cut_at(const Disk& start, const std::vector<DiskEvent>& events, size_t cut, ino_t data, ino_t mark, unsigned keep_percent) {
    Disk disk = start;
    for (const auto& [file, image] : {std::pair{data, &disk.data}, std::pair{mark, &disk.mark}}) {
      size_t synced = 0;
      for (size_t i = 0; i < cut; ++i) {
        if (events[i].file == file && events[i].kind == DiskEvent::Kind::kSync) synced = i + 1;
      }
      for (size_t i = 0; i < cut; ++i) {
        const DiskEvent& event = events[i];
        if (event.file != file || event.kind != DiskEvent::Kind::kWrite) continue;
        for (size_t at = 0; at < event.data.size(); at += kSector) {
          const size_t size = std::min(kSector, event.data.size() - at);
          if (i < synced || event.synced || random_() % 100 < keep_percent) apply(*image, event, at, size);
        }
      }
    }
    return disk;
  }

  /// The newest transaction that must survive the cut.
  uint64_t promised(const std::vector<DiskEvent>& events, size_t cut, ino_t data, ino_t mark) const {
    if (GetParam() == TARSIER_DURABILITY_COMMIT) return cut == 0 ? 0 : events[cut - 1].acknowledged;
    uint64_t at_data_sync = 0;
    uint64_t promised = 0;
    for (size_t i = 0; i < cut; ++i) {
      if (events[i].kind != DiskEvent::Kind::kSync) continue;
      if (events[i].file == data) at_data_sync = events[i].acknowledged;
      if (events[i].file == mark) promised = at_data_sync;
    }
    return promised;
  }

  void check(const Disk& disk, uint64_t at_least) {
    TempDir dir;
    std::filesystem::create_directories(dir.path() + "/e");
    std::ofstream(dir.path() + "/e/data.mdb", std::ios::binary) << disk.data;
    if (!disk.mark.empty()) std::ofstream(dir.path() + "/e/synced", std::ios::binary) << disk.mark;
    StorageOptions options = options_;
    options.data_dir = dir.path();
    options.boot_id = "after";
    auto storage = Storage::open(options);
    ASSERT_TRUE(storage.ok()) << storage.error().message();
    auto verified = (*storage)->verify("e", nullptr);
    ASSERT_TRUE(verified.ok()) << verified.error().message();
    auto env = (*storage)->open_env(nullptr, "e", {});
    ASSERT_TRUE(env.ok()) << env.error().message();
    const State found{contents(*env, "first"), contents(*env, "second")};
    const uint64_t number = found.first.empty() ? 0 : std::strtoull(found.first.at("number").c_str(), nullptr, 10);
    ASSERT_LT(number, states_.size());
    ASSERT_TRUE(found == states_[number]) << "a mixture of states around " << number;
    ASSERT_GE(number, at_least);
    ASSERT_EQ(write(*env, {put("first", "after", "the cut")}).status, TARSIER_OK) << "and it goes on";
    ASSERT_EQ(get(*env, "first", "after").second, "the cut");
  }

  std::mt19937 random_{31};
  std::vector<State> states_{{}};
};

TEST_P(PowerCut, LeavesAStateThatOnceWasAndNothingPromisedMissing) {
  tarsier_env* env = open("e");
  for (int i = 0; i < 30; ++i) ASSERT_NO_FATAL_FAILURE(transact(env));
  close(env);
  const Disk start{load(file("data.mdb")), load(file("synced"))};
  struct stat data{};
  struct stat mark{};
  ASSERT_EQ(::stat(file("data.mdb").c_str(), &data), 0);
  if (!start.mark.empty()) {
    ASSERT_EQ(::stat(file("synced").c_str(), &mark), 0);
  }

  FaultyDisk::record();
  FaultyDisk::note_acknowledged(states_.size() - 1);
  env = open("e");
  for (int i = 0; i < 300; ++i) ASSERT_NO_FATAL_FAILURE(transact(env));
  const std::vector<DiskEvent> events = FaultyDisk::stop_recording();
  close(env);

  const int cuts = std::getenv("TARSIER_LONG") != nullptr ? 5000 : 250;
  for (int round = 0; round < cuts; ++round) {
    const size_t cut = random_() % (events.size() + 1);
    const unsigned keep = std::array<unsigned, 5>{0, 20, 50, 80, 100}[random_() % 5];
    const Disk disk = cut_at(start, events, cut, data.st_ino, mark.st_ino, keep);
    ASSERT_NO_FATAL_FAILURE(check(disk, promised(events, cut, data.st_ino, mark.st_ino)))
        << "cut before event " << cut << " of " << events.size() << ", keeping " << keep << " % of what was not synced";
  }
}

INSTANTIATE_TEST_SUITE_P(Durability, PowerCut, ::testing::Values(TARSIER_DURABILITY_COMMIT, TARSIER_DURABILITY_INTERVAL));

}  // namespace
}  // namespace tarsier::storage::testing
