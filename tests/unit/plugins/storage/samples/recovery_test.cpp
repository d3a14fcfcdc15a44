// Damage outside of segments and partitions: journal, catalogs of series, logs of exemplars, deletions. The store starts, what can
// be read is answered, nothing wrong is, and an answer that may lack something says so.
#include <fstream>

#include "lmdb_host.hpp"
#include "store_fixture.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'992'800 * kSecondNs;  // begin of a window
const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};
const LabelSet kLoad = {{"__name__", "load"}, {"job", "node"}};
const LabelSet kNew = {{"__name__", "new"}};

class RecoveryTest : public StoreFixture {
 protected:
  void SetUp() override { open(); }
  bool exists_aside(const std::string& begin) const {
    for (const std::string& name : storage_.names()) {
      if (name.starts_with(std::string(kAsidePrefix) + begin)) return true;
    }
    return false;
  }
  bool warned_of(const std::string& text) const {
    return std::any_of(warnings_.begin(), warnings_.end(),
                       [&](const std::string& one) { return one.find(text) != std::string::npos; });
  }
  /// Two series, each in a catalog and a segment of its own.
  void put_two() {
    ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
    ASSERT_TRUE(store_->flush().ok());
    ASSERT_TRUE(put(kLoad, {{kBase + kSecondNs, 2}}).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
};

TEST_F(RecoveryTest, ReplaysWhatOfTheJournalCanBeReadAndKeepsTheFile) {
  for (int64_t i = 0; i < 3; ++i)
    ASSERT_TRUE(put(i == 0 ? kLoad : kUp, {{kBase + i * kSecondNs, 1.0 * static_cast<double>(i)}}).ok());
  close();
  storage_.damage("samples/active", "samples");  // the first of three
  open();
  const Found rest = {{kUp, {{kBase + kSecondNs, 1}, {kBase + 2 * kSecondNs, 2}}}};
  EXPECT_EQ(difference(all(), rest), "");
  EXPECT_TRUE(warned_of("samples/active")) << "what is lost may be of any time";
  EXPECT_EQ(store_->stat()->lost_records, 1U);
  open();
  EXPECT_EQ(difference(all(), rest), "") << "it is not in memory only";
  ASSERT_TRUE(put(kUp, {{kBase + 3 * kSecondNs, 3}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  EXPECT_TRUE(exists_aside("journal."));
  open();
  EXPECT_EQ(difference(all(), {{kUp, {{kBase + kSecondNs, 1}, {kBase + 2 * kSecondNs, 2}, {kBase + 3 * kSecondNs, 3}}}}), "");
  EXPECT_EQ(store_->stat()->lost_records, 0U);
}

TEST_F(RecoveryTest, NeverGivesSamplesToAnotherSeriesThanTheirs) {
  ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
  ASSERT_TRUE(put(kUp, {{kBase + kSecondNs, 2}}).ok());
  close();
  storage_.damage("samples/active", "series");
  open();
  EXPECT_TRUE(all().empty());
  EXPECT_TRUE(warned_of("2 samples are of series that nothing defines"));
  ASSERT_TRUE(put(kNew, {{kBase + 2 * kSecondNs, 3}}).ok());
  ASSERT_TRUE(put(kUp, {{kBase + 2 * kSecondNs, 4}}).ok());
  const Found now = {{kNew, {{kBase + 2 * kSecondNs, 3}}}, {kUp, {{kBase + 2 * kSecondNs, 4}}}};
  EXPECT_EQ(difference(all(), now), "");
  open();
  EXPECT_EQ(difference(all(), now), "");
  ASSERT_TRUE(store_->flush().ok());
  open();
  EXPECT_EQ(difference(all(), now), "");
}

TEST_F(RecoveryTest, KeepsTheSamplesOfSeriesWhoseLabelsAreLost) {
  put_two();
  close();
  storage_.damage("samples/series.1", "series");
  open();
  const Found rest = {{kLoad, {{kBase + kSecondNs, 2}}}};
  EXPECT_EQ(difference(all(), rest), "");
  EXPECT_TRUE(warned_of("samples/head.1.")) << "it names the segment";
  (void)find({}, kBase + 5 * kHourNs, kBase + 6 * kHourNs);
  EXPECT_TRUE(warnings_.empty()) << "elsewhere nothing is missing";
  ASSERT_TRUE(put(kNew, {{kBase + 2 * kSecondNs, 3}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  open();
  EXPECT_EQ(difference(all(), {{kLoad, {{kBase + kSecondNs, 2}}}, {kNew, {{kBase + 2 * kSecondNs, 3}}}}), "");
  seal();
  EXPECT_EQ(difference(all(), {{kLoad, {{kBase + kSecondNs, 2}}}, {kNew, {{kBase + 2 * kSecondNs, 3}}}}), "");
  EXPECT_TRUE(warned_of("samples/head.1."));
  close();
  EXPECT_TRUE(exists_aside("head.1.")) << "kept, though it is sealed";
  EXPECT_TRUE(exists_aside("series.1"));
  open();
  EXPECT_EQ(difference(all(), {{kLoad, {{kBase + kSecondNs, 2}}}, {kNew, {{kBase + 2 * kSecondNs, 3}}}}), "");
  EXPECT_TRUE(warned_of("head.1.")) << "its samples are still missing";
}

TEST_F(RecoveryTest, TakesACatalogFromABackup) {
  put_two();
  close();
  storage_.damage("samples/series.1", "series");
  open();
  ASSERT_TRUE(put(kNew, {{kBase + 2 * kSecondNs, 3}}).ok());
  for (int64_t i = 3; i < 25; ++i) {
    ASSERT_TRUE(put({{"__name__", "m" + std::to_string(i)}}, {{kBase + i * kSecondNs, 1}}).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
  EXPECT_FALSE(all().contains(kUp));
  close();
  storage_.mend("samples/series.1");
  open();
  Found found = all();
  EXPECT_EQ(found[kUp], (std::vector<Point>{{kBase, 1}}));
  EXPECT_EQ(found[kNew], (std::vector<Point>{{kBase + 2 * kSecondNs, 3}}));
  EXPECT_EQ(found.size(), 25U);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(RecoveryTest, StartsWithoutExemplarsThatCannotBeRead) {
  const auto put_exemplar = [&](int64_t time) {
    batch::SamplesBuilder builder;
    builder.series(std::vector<batch::Label>{{"__name__", "up"}});
    std::vector<uint8_t> labels;
    append_flat_label(labels, "trace_id", "x");
    builder.exemplar(time, 1, labels);
    ASSERT_TRUE(write_wait(builder).ok());
    ASSERT_TRUE(store_->flush().ok());
  };
  put_exemplar(kBase);
  put_exemplar(kBase + kSecondNs);
  close();
  storage_.damage("samples/exemplars.1", "exemplars");
  open();
  EXPECT_EQ(store_->exemplars().size(), 1U);
  EXPECT_TRUE(exists_aside("exemplars.1"));
  ASSERT_TRUE(store_->flush().ok());
  open();
  EXPECT_EQ(store_->exemplars().size(), 1U);
  EXPECT_EQ(store_->stat()->lost_records, 0U);
  options_.max_exemplars = 0;
  open();
  for (const std::string& name : storage_.names()) EXPECT_FALSE(name.starts_with("samples/exemplars.")) << name;
}

/// As a power cut leaves it at interval durability, when the journal of the last flush could not be removed before.
TEST_F(RecoveryTest, KeepsMergedSegmentsThoughTheEndOfTheirLastFlushIsForgotten) {
  for (int64_t i = 0; i < 8; ++i) {
    ASSERT_TRUE(put(kUp, {{kBase + i * kSecondNs, static_cast<double>(i)}}).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
  ASSERT_TRUE(store_->merge_segments().ok());
  ASSERT_EQ(store_->stat()->segments, 1U);
  const Found before = all();
  close();
  {
    auto active = open_env(host(), kActiveName, 0), other = open_env(host(), "samples/other", TARSIER_ENV_CREATE);
    const tarsier_op seventh = tarsier::put("state", "finished", std::string_view("\0\0\0\0\0\0\0\7", 8));
    ASSERT_TRUE(active->write_wait({&seventh, 1}).ok());
    ASSERT_TRUE(other->rotate("samples/journal.0000000008").ok());
  }
  ASSERT_TRUE(remove_env(host(), "samples/other").ok());
  open();
  EXPECT_EQ(difference(all(), before), "");
  ASSERT_TRUE(put(kLoad, {{kBase, 1}}).ok());
  seal();
  open();
  EXPECT_EQ(all().at(kUp), before.at(kUp));
}

class LostDeletionTest : public RecoveryTest {
 protected:
  void SetUp() override {
    open();
    ASSERT_TRUE(put(kUp, {{kBase, 1}}).ok());
    ASSERT_TRUE(put(kLoad, {{kBase, 2}}).ok());
    ASSERT_TRUE(put(kNew, {{kBase, 3}}).ok());
    seal();
    for (const char* name : {"up", "load"}) ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", name}}, {}).ok());
    close();
    storage_.damage("samples/deletions", "deletions");
  }
};

TEST_F(LostDeletionTest, HoldsTheOthersAndSaysWhatMayBeShown) {
  open();
  EXPECT_EQ(difference(all(), {{kUp, {{kBase, 1}}}, {kNew, {{kBase, 3}}}}), "");
  EXPECT_TRUE(warned_of("deleted samples may be shown"));
  EXPECT_TRUE(exists_aside("deletions"));
  open();
  EXPECT_EQ(difference(all(), {{kUp, {{kBase, 1}}}, {kNew, {{kBase, 3}}}}), "");
  EXPECT_TRUE(warnings_.empty()) << "the file is whole again";
  ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "up"}}, {}).ok());
  ASSERT_TRUE(store_->clean_deleted().ok());
  EXPECT_EQ(difference(all(), {{kNew, {{kBase, 3}}}}), "");
}

TEST_F(LostDeletionTest, LosesNoOtherWhenThePowerGoesAtAnyStepOfTheRepair) {
  for (uint64_t changes = 0; changes < 8; ++changes) {
    SCOPED_TRACE("power off after " + std::to_string(changes) + " changes");
    storage_.power_off_after(changes);
    store_ = std::make_unique<Store>(host(), options_, [](uint64_t count, const std::function<void(uint64_t)>& run) {
      for (uint64_t i = 0; i < count; ++i) run(i);
    });
    (void)store_->open();
    close();
    storage_.power_on();
    open();
    EXPECT_FALSE(all().contains(kLoad));
  }
}

/// On the real storage: any byte of these files may be wrong.
class FlippedRecoveryTest : public RecoveryTest {
 protected:
  const Host& host() override { return lmdb_->host(); }
  void SetUp() override {}
  void TearDown() override { stop(); }
  void start() {
    lmdb_ = std::make_unique<LmdbHost>(dir_.path());
    open();
  }
  void stop() {
    close();
    lmdb_.reset();
  }
  void write_series(int flush, int64_t at) {
    batch::SamplesBuilder builder;
    for (int i = 0; i < 20; ++i) {
      const LabelSet labels = {
          {"__name__", "m" + std::to_string(i % 3)}, {"flush", std::to_string(flush)}, {"i", std::to_string(i)}};
      const Point point = {at, static_cast<double>(flush * 100 + i)};
      add(builder, labels, {point});
      if (i % 3 != 2) model_[labels].push_back(point);  // m2 is deleted
      if (i % 3 == 2) deleted_[labels].push_back(point);
      if (i % 5 != 0) continue;
      std::vector<uint8_t> exemplar;
      append_flat_label(exemplar, "trace_id", "t" + std::to_string(i));
      builder.exemplar(at, 1, exemplar);
    }
    ASSERT_TRUE(write_wait(builder).ok());
  }
  /// What is shown is what was written, and when something lacks or is too much the answer says so.
  void check(const Found& found) {
    ASSERT_EQ(last_status_, TARSIER_OK) << last_message_;
    bool whole = true;
    for (const auto& [labels, points] : found) {
      const bool known = model_.contains(labels), gone = deleted_.contains(labels);
      ASSERT_TRUE(known || gone) << "labels that nobody wrote";
      ASSERT_TRUE(!gone || warned_of("deleted samples may be shown"));
      const auto& written = known ? model_.at(labels) : deleted_.at(labels);
      for (const Point& point : points)
        ASSERT_NE(std::find(written.begin(), written.end(), point), written.end()) << "a sample that nobody wrote";
      whole = whole && points.size() == written.size();
    }
    for (const auto& [labels, points] : model_) whole = whole && found.contains(labels);
    ASSERT_TRUE(whole || !warnings_.empty()) << "silently short";
  }
  static void flip(const std::string& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const auto byte = static_cast<uint8_t>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x10U));
  }

  /// No leaf page is recognised as one.
  static void spoil_tree(const std::string& path) {
    const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
    for (std::streamoff page = 8192; page < size; page += 4096) {
      std::ifstream file(path, std::ios::binary);
      file.seekg(page + 10);
      if (file.get() == 0x02) flip(path, page + 10);
    }
  }

  storage::testing::TempDir dir_, pristine_;
  std::unique_ptr<LmdbHost> lmdb_;
  Found model_, deleted_;
};

/// By file, so that they run side by side.
class FlippedFileTest : public FlippedRecoveryTest, public testing::WithParamInterface<std::pair<std::string, size_t>> {
 protected:
  void write_all_kinds() {
    for (int flush = 0; flush < 3; ++flush) {
      write_series(flush, kBase + flush * kSecondNs);
      ASSERT_TRUE(store_->flush().ok());
    }
    for (const char* flushes : {"0", "1|2"})
      ASSERT_TRUE(
          store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "m2"}, {TARSIER_MATCH_REGEX, "flush", flushes}}, {}).ok());
    for (int batch = 3; batch < 6; ++batch) write_series(batch, kBase + batch * kSecondNs);
    for (const auto& [labels, points] : deleted_) {
      if (labels.at("flush") > "2") model_[labels] = points;  // came after the deletion
    }
    std::erase_if(deleted_, [](const auto& one) { return one.first.at("flush") > "2"; });
  }
  void expect_work() {
    const Found found = all();
    check(found);
    batch::SamplesBuilder builder;
    add(builder, kNew, {{kBase + kMinuteNs, 7}});
    ASSERT_TRUE(write_wait(builder).ok());
    ASSERT_TRUE(store_->flush().ok());
    stop();
    start();
    Found again = all();
    ASSERT_EQ(again[kNew], (std::vector<Point>{{kBase + kMinuteNs, 7}}));
    again.erase(kNew);
    ASSERT_EQ(difference(again, found), "") << "nothing more is lost, and nothing is mixed up";
  }
};

TEST_P(FlippedFileTest, NeverKeepsTheStoreFromItsWork) {
  namespace fs = std::filesystem;
  start();
  write_all_kinds();
  check(all());
  ASSERT_TRUE(warnings_.empty());
  stop();
  fs::copy(dir_.path(), pristine_.path(), fs::copy_options::recursive);
  const std::string path = "/samples/" + GetParam().first + "/data.mdb";
  const auto size = static_cast<std::streamoff>(fs::file_size(pristine_.path() + path));
  size_t damaged = 0;
  for (std::streamoff at = 11; at < size; at += at < 8192 ? 997 : std::max<std::streamoff>(size / 40, 211)) {
    SCOPED_TRACE("byte " + std::to_string(at));
    fs::remove_all(dir_.path());
    fs::copy(pristine_.path(), dir_.path(), fs::copy_options::recursive);
    flip(dir_.path() + path, at);
    start();
    damaged += store_->damage().notes().empty() ? 0 : 1;
    expect_work();
    if (HasFatalFailure()) return;
    stop();
  }
  EXPECT_GE(damaged, GetParam().second);
}

/// With how many of the bytes the store has something to tell, at least: most bytes of a small file are in use nowhere.
INSTANTIATE_TEST_SUITE_P(
    Files, FlippedFileTest,
    testing::ValuesIn(std::vector<std::pair<std::string, size_t>>{
        {"active", 1}, {"series.1", 4}, {"series.2", 4}, {"series.3", 4}, {"exemplars.2", 4}, {"deletions", 0}}));

TEST_F(FlippedRecoveryTest, ReplaysAJournalThatDoesNotOpen) {
  start();
  for (int batch = 0; batch < 5; ++batch) write_series(batch, kBase + batch * kSecondNs);
  model_.insert(deleted_.begin(), deleted_.end());
  stop();
  spoil_tree(dir_.path() + "/samples/active/data.mdb");
  start();
  EXPECT_EQ(difference(all(), model_), "");
  EXPECT_TRUE(warned_of("unknown number"));
  ASSERT_TRUE(store_->flush().ok());
  stop();
  start();
  EXPECT_EQ(difference(all(), model_), "");
  EXPECT_TRUE(warnings_.empty());
}

}  // namespace
}  // namespace tarsier::samples::test
