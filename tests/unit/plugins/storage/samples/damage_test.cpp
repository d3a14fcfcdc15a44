// Damaged partitions: set aside by name, the rest answers, nobody is given a wrong value, and the answer says that it lacks
// something.
#include <fstream>

#include "lmdb_host.hpp"
#include "plugins/storage/samples/bytes.hpp"
#include "store_fixture.hpp"

namespace tarsier::samples::test {
namespace {

const LabelSet kUp = {{"__name__", "up"}, {"job", "node"}};
const LabelSet kLoad = {{"__name__", "load"}, {"job", "node"}};

class DamageTest : public StoreFixture {
 protected:
  void SetUp() override {
    options_.out_of_order_window_ns = INT64_MAX;
    open();
  }
  std::string name_of(int64_t time, uint64_t flush) const {
    const int64_t begin = window_start(time, options_.partition_window_ns);
    return partition_name({begin, begin + options_.partition_window_ns, flush, flush});
  }
  /// Of the window of time_.
  std::string segment_name(uint64_t flush) const {
    return SegmentName{flush, flush, window_start(time_, options_.partition_window_ns), options_.partition_window_ns}.text();
  }
  const int64_t time_ = 1'700'000'000 * kSecondNs;
  const int64_t later_ = time_ + 10 * kHourNs;
};

TEST_F(DamageTest, SetsThePartitionAsideAndAnswersTheRestWithAWarning) {
  for (const char* table : {"chunks", "series", "symbols", "postings"}) {
    SCOPED_TRACE(table);
    const int64_t time = time_ + static_cast<int64_t>(std::hash<std::string>{}(table) % 1000) * kHourNs * 24;
    ASSERT_TRUE(put(kUp, {{time, 1}}).ok());
    ASSERT_TRUE(put(kLoad, {{time + 10 * kHourNs, 2}}).ok());
    seal();
    std::string name;
    for (const std::string& one : storage_.names()) {
      Cover cover;
      if (parse_partition_name(one, cover) && cover.begin <= time && cover.end > time) name = one;
    }
    storage_.damage(name, table);
    const auto aside = store_->set_aside().size();
    const Found found = find({{TARSIER_MATCH_NOT_EQUAL, "job", ""}}, time, time + 11 * kHourNs);
    EXPECT_EQ(last_status_, TARSIER_OK) << last_message_;
    EXPECT_EQ(found, (Found{{kLoad, {{time + 10 * kHourNs, 2}}}}));
    ASSERT_EQ(store_->set_aside().size(), aside + 1);
    ASSERT_FALSE(warnings_.empty());
    EXPECT_NE(warnings_.back().find(name), std::string::npos) << warnings_.back();
    EXPECT_TRUE(storage_.exists(name));
    // Answers that do not need it say nothing.
    (void)find({}, time + 10 * kHourNs, time + 11 * kHourNs);
    EXPECT_TRUE(warnings_.empty());
    // Those that would need it, each time.
    (void)values("job");
    EXPECT_FALSE(warnings_.empty());
  }
}

TEST_F(DamageTest, SetsAHeadSegmentAsideAndSealsTheOthersOfItsWindowAroundIt) {
  for (int64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(put(kUp, {{time_ + i * kSecondNs, static_cast<double>(i)}}).ok());
    ASSERT_TRUE(store_->flush().ok());
  }
  const std::string damaged = segment_name(2);
  ASSERT_TRUE(storage_.exists(damaged));
  storage_.damage(damaged, "blocks");
  const Found rest = {{kUp, {{time_, 0}, {time_ + 2 * kSecondNs, 2}}}};
  EXPECT_EQ(difference(all(), rest), "");
  ASSERT_EQ(store_->set_aside().size(), 1U);
  EXPECT_EQ(store_->set_aside().front().name, damaged);
  EXPECT_NE(warnings_.back().find(damaged), std::string::npos) << warnings_.back();
  seal();
  EXPECT_EQ(store_->stat()->segments, 0U);
  EXPECT_EQ(store_->stat()->partitions, 2U) << "none whose cover takes in the damaged one";
  EXPECT_EQ(difference(all(), rest), "");
  open();
  EXPECT_TRUE(storage_.exists(damaged)) << "kept for whoever can mend it";
  EXPECT_EQ(difference(all(), rest), "") << "tried again, and set aside again";
}

TEST_F(DamageTest, SealsASegmentThatComesBackBesideWhatWasSealedWithoutIt) {
  std::vector<Point> points;
  const auto put_next = [&] {
    points.push_back({time_ + static_cast<int64_t>(points.size()) * kSecondNs, static_cast<double>(points.size())});
    ASSERT_TRUE(put(kUp, {points.back()}).ok());
    ASSERT_TRUE(store_->flush().ok());
  };
  put_next();
  const std::string damaged = segment_name(1);
  storage_.damage(damaged, "blocks");
  (void)all();
  ASSERT_EQ(store_->set_aside().size(), 1U);
  for (int i = 0; i < 2; ++i) {
    put_next();
    seal();
  }
  storage_.mend(damaged);
  open();
  put_next();
  seal();
  EXPECT_EQ(store_->stat()->partitions, 4U) << "none whose cover takes in one that was sealed before";
  open();
  EXPECT_EQ(difference(all(), {{kUp, points}}), "");
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(DamageTest, SealingThatMeetsADamagedSegmentGoesOnWithoutIt) {
  ASSERT_TRUE(put(kUp, {{time_, 1}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  ASSERT_TRUE(put(kUp, {{time_ + kSecondNs, 2}}).ok());
  ASSERT_TRUE(store_->flush().ok());
  storage_.damage(segment_name(1), "blocks");
  seal();
  EXPECT_EQ(store_->set_aside().size(), 1U);
  EXPECT_EQ(store_->stat()->segments, 0U);
  EXPECT_EQ(difference(all(), {{kUp, {{time_ + kSecondNs, 2}}}}), "");
}

TEST_F(DamageTest, KnowsTheSeriesOfASegmentThatComesBack) {
  const auto churn = [](int i) { return LabelSet{{"__name__", "churn"}, {"i", std::to_string(i)}}; };
  Found whole;
  for (int i = 0; i < 10; ++i) {
    whole[churn(i)] = {{time_, static_cast<double>(i)}};
    ASSERT_TRUE(put(churn(i), whole[churn(i)]).ok());
  }
  ASSERT_TRUE(store_->flush().ok());
  const std::string damaged = segment_name(1);
  storage_.damage(damaged, "blocks");
  (void)all();
  ASSERT_EQ(store_->set_aside().size(), 1U);
  whole[kUp] = {{later_, 1}};
  ASSERT_TRUE(put(kUp, {{later_, 1}}).ok());
  seal();
  open();
  seal();
  EXPECT_EQ(store_->stat()->segments, 0U);
  storage_.mend(damaged);
  open();
  EXPECT_EQ(difference(all(), whole), "");
  seal();
  open();
  EXPECT_EQ(difference(all(), whole), "");
}

TEST_F(DamageTest, KeepsASegmentWithSeriesThatNobodyKnows) {
  close();
  auto writer =
      SegmentWriter::begin(host(), {1, 1, window_start(time_, options_.partition_window_ns), options_.partition_window_ns});
  ASSERT_TRUE(writer.ok());
  Columns columns;
  columns.append({.time = time_, .value = 7});
  ASSERT_TRUE(writer->add({1, 999}, columns).ok() && writer->finish().ok());
  open();
  ASSERT_TRUE(put(kUp, {{time_ + 1, 1}}).ok());
  EXPECT_EQ(difference(all(), {{kUp, {{time_ + 1, 1}}}}), "");
  ASSERT_EQ(warnings_.size(), 1U) << "it is known from the first batch on";
  seal();
  EXPECT_EQ(difference(all(), {{kUp, {{time_ + 1, 1}}}}), "");
  EXPECT_EQ(warnings_.size(), 1U);
  close();
  EXPECT_FALSE(storage_.exists(segment_name(1)));
  const auto names = storage_.names();
  EXPECT_TRUE(
      std::any_of(names.begin(), names.end(), [](const auto& name) { return name.starts_with("samples/damaged.head.1."); }));
}

/// A partition and a segment, of which one cannot be opened for a reason that may pass.
class UnopenedFileTest : public DamageTest, public testing::WithParamInterface<tarsier_status> {
 protected:
  void write_both() {
    ASSERT_TRUE(put(kUp, {{time_, 1}}).ok());
    seal();
    ASSERT_TRUE(put(kUp, {{later_, 2}}).ok());
    ASSERT_TRUE(store_->flush().ok());
    for (const std::string& name : names_) ASSERT_TRUE(storage_.exists(name)) << name;
  }
  void open_without(const std::string& name, tarsier_status status) {
    close();
    storage_.refuse_opens(status, name);
    open();
  }
  const Found whole_ = {{kUp, {{time_, 1}, {later_, 2}}}};
  const std::vector<std::string> names_ = {
      name_of(time_, 1),
      SegmentName{2, 2, window_start(later_, options_.partition_window_ns), options_.partition_window_ns}.text()};
};

TEST_P(UnopenedFileTest, IsMissedWithAWarningAndTriedAgainAfterPausesThatGrow) {
  write_both();
  for (const std::string& name : names_) {
    SCOPED_TRACE(name);
    open_without(name, GetParam());
    EXPECT_EQ(all().at(kUp).size(), 1U);
    ASSERT_EQ(warnings_.size(), 1U);
    EXPECT_TRUE(warnings_.front().starts_with("samples are missing: " + name + " cannot be opened now: ")) << warnings_.front();
    const bool early = name == names_.front();
    (void)find({}, early ? later_ : time_, early ? later_ : time_);
    EXPECT_TRUE(warnings_.empty()) << "elsewhere nothing is missing";
    EXPECT_EQ(store_->stat()->unopened, 1U);
    EXPECT_EQ(store_->stat()->set_aside, 0U) << "it is not damaged";
    EXPECT_EQ(store_->open_again(now_), 1U);
    storage_.refuse_opens(TARSIER_OK);
    EXPECT_EQ(store_->open_again(now_ + 4 * kSecondNs), 1U) << "not yet";
    storage_.refuse_opens(GetParam(), name);
    EXPECT_EQ(store_->open_again(now_ + 5 * kSecondNs), 1U);
    storage_.refuse_opens(TARSIER_OK);
    EXPECT_EQ(store_->open_again(now_ + 14 * kSecondNs), 1U) << "twice as long";
    EXPECT_EQ(store_->open_again(now_ + 15 * kSecondNs), 0U);
    EXPECT_EQ(difference(all(), whole_), "");
    EXPECT_TRUE(warnings_.empty());
    EXPECT_EQ(store_->stat()->unopened, 0U);
  }
}

TEST_P(UnopenedFileTest, IsNeitherMergedNorReplaced) {
  for (const bool is_segment : {false, true}) {
    const std::string& name = names_[is_segment ? 1 : 0];
    SCOPED_TRACE(name);
    for (const std::string& one : storage_.names()) ASSERT_TRUE((close(), remove_env(host(), one)).ok());
    open();
    write_both();
    open_without(name, GetParam());
    for (int64_t i = 1; i < 10; ++i) {
      ASSERT_TRUE(put(kLoad, {{(is_segment ? later_ : time_) + i * kSecondNs, 3}}).ok());
      ASSERT_TRUE(store_->flush().ok());
    }
    ASSERT_TRUE(store_->merge_segments().ok());
    ASSERT_TRUE(store_->compact(now_).ok());
    ASSERT_TRUE(store_->delete_samples({{TARSIER_MATCH_EQUAL, "__name__", "load"}}, {}).ok());
    ASSERT_TRUE(store_->clean_deleted().ok());
    EXPECT_TRUE(storage_.exists(name));
    storage_.refuse_opens(TARSIER_OK);
    EXPECT_EQ(store_->open_again(now_), 0U);
    EXPECT_EQ(difference(all(), whole_), "");
    ASSERT_TRUE(store_->compact(now_).ok());
    EXPECT_EQ(difference(all(), whole_), "");
    open();
    EXPECT_EQ(difference(all(), whole_), "");
  }
}

TEST_P(UnopenedFileTest, StaysWhenTheRetentionComes) {
  write_both();
  open_without(names_.front(), GetParam());
  ASSERT_TRUE(put(kLoad, {{now_, 3}}).ok());
  store_->apply_retention(now_);
  EXPECT_TRUE(storage_.exists(names_.front()));
  storage_.refuse_opens(TARSIER_OK);
  EXPECT_EQ(store_->open_again(now_), 0U);
  EXPECT_EQ(all().at(kUp).size(), 2U);
  store_->apply_retention(now_);
  EXPECT_EQ(all().at(kUp).size(), 1U) << "as if it had been there";
}

TEST_P(UnopenedFileTest, HasTheNewestSampleWhenItComesBack) {
  write_both();
  open_without(names_.back(), GetParam());
  ASSERT_TRUE(put(kUp, {{time_ + kSecondNs, 5}}).ok());
  ASSERT_TRUE(put(kUp, {{later_, 2}}).ok()) << "a sender's second try";
  ASSERT_TRUE(put(kLoad, {{later_, 2}}).ok());
  storage_.refuse_opens(TARSIER_OK);
  EXPECT_EQ(store_->open_again(now_), 0U);
  EXPECT_EQ(difference(find({{TARSIER_MATCH_EQUAL, "__name__", "up"}}), {{kUp, {{time_, 1}, {time_ + kSecondNs, 5}, {later_, 2}}}}),
            "");
  select_flags_ = TARSIER_SELECT_NEWEST;
  EXPECT_EQ(all().at(kUp).back().time, later_);
  seal();
  select_flags_ = 0;
  EXPECT_EQ(difference(find({{TARSIER_MATCH_EQUAL, "__name__", "up"}}), {{kUp, {{time_, 1}, {time_ + kSecondNs, 5}, {later_, 2}}}}),
            "");
}

TEST_P(UnopenedFileTest, IsSetAsideWhenItTurnsOutToBeDamaged) {
  write_both();
  open_without(names_.back(), GetParam());
  storage_.damage(names_.back(), "info");
  storage_.refuse_opens(TARSIER_OK);
  EXPECT_EQ(store_->open_again(now_), 0U);
  EXPECT_EQ(store_->stat()->set_aside, 1U);
  (void)all();
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_.front().find("is damaged"), std::string::npos) << warnings_.front();
}

INSTANTIATE_TEST_SUITE_P(Reasons, UnopenedFileTest, testing::Values(TARSIER_UNAVAILABLE, TARSIER_RESOURCE, TARSIER_INTERNAL));

TEST_F(DamageTest, EndsAQueryWhateverTheBytesOfABlockAre) {
  std::vector<Point> points;
  for (int64_t i = 0; i < 20; ++i) points.push_back({time_ + i * i * kMillisecond, static_cast<double>(i) / 7});
  ASSERT_TRUE(put(kUp, points).ok());
  ASSERT_TRUE(put(kLoad, points).ok());
  ASSERT_TRUE(store_->flush().ok());
  const std::string name = segment_name(1);
  std::string info, key, block;
  {
    const auto env = open_env(host(), name, TARSIER_ENV_SEALED);
    ASSERT_TRUE(env.ok());
    const auto snapshot = env->read();
    ASSERT_TRUE(snapshot.ok());
    info = *snapshot->get("info", "info");
    const auto first =
        SegmentInfo::decode(std::span(reinterpret_cast<const uint8_t*>(info.data()), info.size()))->first_keys.front();
    key.resize(12);
    put_be32(reinterpret_cast<uint8_t*>(key.data()), first.metric);
    put_be64(reinterpret_cast<uint8_t*>(key.data()) + 4, first.ref);
    block = *snapshot->get("blocks", key);
  }
  for (size_t at = 0; at < block.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    close();
    std::string wrong = block;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x55);
    auto sealer = seal_anew(host(), name);
    ASSERT_TRUE(sealer.ok() && sealer->append("blocks", key, wrong).ok() && sealer->append("info", "info", info).ok() &&
                sealer->finish().ok());
    open();
    (void)all();
    ASSERT_EQ(last_status_, TARSIER_OK) << last_message_;
  }
}

TEST_F(DamageTest, OpensWithoutAPartitionThatDoesNotOpen) {
  ASSERT_TRUE(put(kUp, {{time_, 1}, {later_, 2}}).ok());
  seal();
  storage_.damage(name_of(time_, 1), "info");
  open();
  EXPECT_EQ(all(), (Found{{kUp, {{later_, 2}}}}));
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_.front().find(name_of(time_, 1)), std::string::npos);
  EXPECT_EQ(store_->stat()->set_aside, 1U);
}

TEST_F(DamageTest, LeavesWhatIsSetAsideToTheOperator) {
  ASSERT_TRUE(put(kUp, {{time_, 1}, {later_, 2}}).ok());
  seal();
  storage_.damage(name_of(time_, 1), "chunks");
  (void)all();
  options_.retention_ns = kHourNs;
  ASSERT_TRUE(put(kUp, {{now_, 3}}).ok());
  store_->apply_retention(now_);
  EXPECT_TRUE(storage_.exists(name_of(time_, 1)));
  open();
  store_->apply_retention(now_);
  EXPECT_FALSE(storage_.exists(name_of(later_, 1)));
}

/// On the real storage: any byte of a sealed file may be wrong.
class FlippedByteTest : public DamageTest {
 protected:
  const Host& host() override { return lmdb_.host(); }
  void TearDown() override { close(); }
  static uint8_t flip(const std::string& path, std::streamoff at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const auto byte = static_cast<uint8_t>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x10U));
    return byte;
  }
  storage::testing::TempDir dir_;
  LmdbHost lmdb_{dir_.path()};
};

TEST_F(FlippedByteTest, NeverMakesAWrongAnswerAndNeverASilentlyShortOne) {
  Found model;
  for (int series = 0; series < 40; ++series) {
    const LabelSet labels = {{"__name__", "m" + std::to_string(series % 4)}, {"i", std::to_string(series)}};
    auto& points = model[labels];
    for (int64_t i = 0; i < 60; ++i) points.push_back({time_ + i * 15 * kSecondNs, static_cast<double>(i * i + series) / 8});
    for (int64_t i = 0; i < 20; ++i) points.push_back({later_ + i * 15 * kSecondNs, static_cast<double>(i)});
    batch::SamplesBuilder builder;
    add(builder, labels, points);
    ASSERT_TRUE(write_wait(builder).ok());
  }
  seal();
  const std::string path = dir_.path() + "/" + name_of(time_, 1) + "/data.mdb";
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
  size_t aside = 0;
  for (std::streamoff at = 0; at < size; at += 131) {
    SCOPED_TRACE("byte " + std::to_string(at));
    close();
    (void)flip(path, at);
    open();
    const Found found = all();
    ASSERT_EQ(last_status_, TARSIER_OK) << last_message_;
    if (store_->set_aside().empty()) {
      ASSERT_EQ(found, model);
    } else {
      ++aside;
      ASSERT_FALSE(warnings_.empty());
      for (const auto& [labels, points] : model) {
        const std::vector<Point>& seen = found.at(labels);  // the other partition has every series
        for (const Point& point : seen) ASSERT_NE(std::find(points.begin(), points.end(), point), points.end());
        ASSERT_EQ(std::count_if(seen.begin(), seen.end(), [&](const Point& point) { return point.time >= later_; }), 20);
      }
    }
    close();
    (void)flip(path, at);
  }
  EXPECT_GT(aside, 0U);
  open();
  EXPECT_EQ(all(), model);
}

}  // namespace
}  // namespace tarsier::samples::test
