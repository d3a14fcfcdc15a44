// Exemplars: which are kept, in which order, for how long; and that they are as durable as samples.
#include "plugins/storage/samples/exemplar_buffer.hpp"
#include "store_fixture.hpp"
#include "tarsier/flat_set.hpp"

namespace tarsier::samples::test {
namespace {

constexpr int64_t kBase = 1'799'999'000 * kSecondNs;

/// An exemplar as tests write it.
struct Shown {
  LabelSet labels;
  int64_t time;
  double value;
  bool operator==(const Shown&) const = default;
};
void PrintTo(const Shown& shown, std::ostream* out) {
  *out << shown.time << "=" << shown.value;
  for (const auto& [name, value] : shown.labels) *out << " " << name << "=" << value;
}
using FoundExemplars = std::map<LabelSet, std::vector<Shown>>;

LabelSet set_of(const tarsier_pair* pairs, uint32_t count) {
  LabelSet labels;
  for (uint32_t i = 0; i < count; ++i) labels.emplace(view(pairs[i].name), view(pairs[i].value));
  return labels;
}

Shown traced(int64_t time, double value, const std::string& id) { return {{{"trace_id", id}}, time, value}; }

class Exemplars : public StoreFixture {
 protected:
  void SetUp() override { open(); }

  static void add_exemplars(batch::SamplesBuilder& builder, const LabelSet& series, const std::vector<Shown>& exemplars) {
    std::vector<batch::Label> pairs;
    for (const auto& [name, value] : series) pairs.emplace_back(name, value);
    builder.series(pairs);
    for (const Shown& exemplar : exemplars) {
      std::vector<uint8_t> labels;
      for (const auto& [name, value] : exemplar.labels) append_flat_label(labels, name, value);
      builder.exemplar(exemplar.time, exemplar.value, labels);
    }
  }
  Result<void> put_exemplars(const LabelSet& series, const std::vector<Shown>& exemplars) {
    batch::SamplesBuilder builder;
    add_exemplars(builder, series, exemplars);
    return write_wait(builder);
  }
  FoundExemplars exemplars(const std::vector<Matching>& matching = {}, int64_t start = INT64_MIN, int64_t end = INT64_MAX,
                           uint64_t max_samples = 0) {
    FoundExemplars found;
    tarsier_select select = select_of(matching, start, end);
    select.max_samples = max_samples;
    tarsier_error error = empty_error();
    last_status_ = service_->table()->exemplars(
        service_->table()->self, &select, &found,
        [](void* user, const tarsier_series* series, const tarsier_exemplar* items, uint64_t count) -> int32_t {
          auto& shown = (*static_cast<FoundExemplars*>(user))[set_of(series->labels, series->label_count)];
          EXPECT_TRUE(shown.empty()) << "a series came twice";
          for (uint64_t i = 0; i < count; ++i)
            shown.push_back({set_of(items[i].labels, items[i].label_count), items[i].time_ns, items[i].value});
          return 1;
        },
        &error);
    last_message_.assign(error.message, error.message_size);
    return found;
  }
  size_t count() {
    size_t total = 0;
    for (const auto& [series, shown] : exemplars()) total += shown.size();
    return total;
  }
  std::vector<std::string> logs() const {
    auto names = storage_.names();
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("samples/exemplars."); });
    return names;
  }
  void flush() {
    const auto flushed = store_->flush();
    ASSERT_TRUE(flushed.ok()) << flushed.error().message();
  }
};

const LabelSet kSeries = {{"__name__", "requests_bucket"}, {"le", "1"}};

TEST_F(Exemplars, AreAnsweredBySeriesAndRange) {
  const LabelSet other = {{"__name__", "requests_bucket"}, {"le", "2"}};
  const std::vector<Shown> three = {traced(kBase, 1, "a"), traced(kBase + 1, 2, "b"), traced(kBase + 2, 3, "c")};
  ASSERT_TRUE(put_exemplars(kSeries, three).ok());
  ASSERT_TRUE(put_exemplars(other, {{{}, kBase, 4}}).ok());
  EXPECT_EQ(exemplars(), (FoundExemplars{{kSeries, three}, {other, {{{}, kBase, 4}}}}));
  EXPECT_EQ(exemplars({{TARSIER_MATCH_EQUAL, "le", "1"}}, kBase + 1, kBase + 1), (FoundExemplars{{kSeries, {three[1]}}}));
  EXPECT_EQ(exemplars({{TARSIER_MATCH_REGEX, "le", "[2-9]"}}).size(), 1U);
  EXPECT_TRUE(exemplars({{TARSIER_MATCH_NOT_EQUAL, "absent", ""}}).empty());
  (void)exemplars({}, INT64_MIN, INT64_MAX, 2);
  EXPECT_EQ(last_status_, TARSIER_RESOURCE);
}

TEST_F(Exemplars, OfSeriesWithoutSamplesMakeNoSeries) {
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase, 1, "a")}).ok());
  EXPECT_EQ(store_->stat()->head.series, 0U);
  EXPECT_EQ(count(), 1U);
}

TEST_F(Exemplars, ComeWithFlatSets) {
  batch::SamplesBuilder builder;
  std::vector<uint8_t> set, labels;
  append_flat_label(set, "le", "1");
  append_flat_label(set, "empty", "");
  append_flat_label(set, "__name__", "requests_bucket");
  append_flat_label(labels, "trace_id", "a");
  builder.flat_series(set);
  builder.sample(kBase, 5);
  builder.exemplar(kBase, 1, labels);
  ASSERT_TRUE(write_wait(builder).ok());
  EXPECT_EQ(exemplars(), (FoundExemplars{{kSeries, {traced(kBase, 1, "a")}}}));
}

TEST_F(Exemplars, OlderThanTheNewestOfTheirSeriesAreRefusedAndCounted) {
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase + 10, 5, "b")}).ok());
  const auto outcome = put_exemplars(kSeries, {traced(kBase + 9, 5, "c"), traced(kBase + 10, 4, "c"), traced(kBase + 10, 5, "a"),
                                               traced(kBase + 10, 5, "c"), traced(kBase + 11, 1, "d")});
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code(), TARSIER_INVALID);
  EXPECT_TRUE(outcome.error().message().starts_with("3 of 5 exemplars refused: exemplar out of order: requests_bucket{le=\"1\"}"))
      << outcome.error().message();
  EXPECT_EQ(store_->counters().exemplars_refused_out_of_order.load(), 3U);
  EXPECT_EQ(count(), 3U);
}

TEST_F(Exemplars, ThatAreThereAlreadyAreIgnored) {
  const std::vector<Shown> two = {traced(kBase, 1, "a"), traced(kBase + 1, 2, "b")};
  ASSERT_TRUE(put_exemplars(kSeries, two).ok());
  ASSERT_TRUE(put_exemplars(kSeries, two).ok()) << "a batch may come again";
  EXPECT_EQ(store_->counters().exemplars_duplicate.load(), 2U);
  EXPECT_EQ(exemplars(), (FoundExemplars{{kSeries, two}}));
}

TEST_F(Exemplars, WithMoreThan128CharactersOfLabelsAreRefused) {
  std::string umlauts;
  for (int i = 0; i < 120; ++i) umlauts += "\xc3\xa4";
  EXPECT_TRUE(put_exemplars(kSeries, {traced(kBase, 1, umlauts)}).ok()) << "characters, not bytes";
  EXPECT_FALSE(put_exemplars(kSeries, {traced(kBase + 1, 1, umlauts + "x")}).ok());
  EXPECT_FALSE(put_exemplars(kSeries, {{{{"trace_id", "\xff"}}, kBase + 1, 1}}).ok());
  EXPECT_EQ(store_->counters().exemplars_refused_labels.load(), 2U);
}

TEST_F(Exemplars, TooFarInTheFutureAreRefused) {
  EXPECT_FALSE(put_exemplars(kSeries, {traced(now_ + 11 * kMinuteNs, 1, "a")}).ok());
  EXPECT_TRUE(put_exemplars(kSeries, {traced(now_, 1, "a")}).ok());
}

TEST_F(Exemplars, AndSamplesThatAreRefusedAreToldApart) {
  ASSERT_TRUE(put({{"__name__", "m"}}, {{kBase, 1}}).ok());
  batch::SamplesBuilder builder;
  add(builder, {{"__name__", "m"}}, {{kBase, 2}});
  add_exemplars(builder, kSeries, {traced(kBase, 1, std::string(200, 'x')), traced(kBase, 1, "a")});
  const auto outcome = write_wait(builder);
  ASSERT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.error().message().starts_with("1 of 1 samples and 1 of 2 exemplars refused: ")) << outcome.error().message();
  EXPECT_EQ(count(), 1U);
}

TEST_F(Exemplars, ThatAreNewPushOutTheOldestOfAllSeries) {
  options_.max_exemplars = 3;
  open();
  const LabelSet other = {{"__name__", "other"}};
  ASSERT_TRUE(put_exemplars(other, {traced(kBase, 1, "a")}).ok());
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase, 1, "b"), traced(kBase + 1, 1, "c")}).ok());
  EXPECT_EQ(exemplars().size(), 2U);
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase + 2, 1, "d"), traced(kBase + 3, 1, "e")}).ok());
  EXPECT_EQ(exemplars(),
            (FoundExemplars{{kSeries, {traced(kBase + 1, 1, "c"), traced(kBase + 2, 1, "d"), traced(kBase + 3, 1, "e")}}}));
  ASSERT_TRUE(put_exemplars(other, {traced(kBase - 5, 1, "f")}).ok()) << "nothing is known of its series any more";
}

TEST_F(Exemplars, AreNotKeptWhereNoneAreWanted) {
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase, 1, "a")}).ok());
  flush();
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase + 1, 1, "a")}).ok());
  options_.max_exemplars = 0;
  open();
  const auto outcome = put_exemplars(kSeries, {traced(kBase + 2, 1, "a"), traced(kBase + 3, 1, "a")});
  ASSERT_FALSE(outcome.ok());
  EXPECT_TRUE(outcome.error().message().starts_with("2 of 2 exemplars refused: none are kept")) << outcome.error().message();
  EXPECT_EQ(count(), 0U);
  EXPECT_EQ(store_->counters().exemplars_refused_disabled.load(), 2U);
}

TEST_F(Exemplars, SurviveARestartWithAndWithoutAFlush) {
  std::vector<Shown> expected;
  for (int i = 0; i < 10; ++i) {
    expected.push_back(traced(kBase + i, i, std::to_string(i)));
    ASSERT_TRUE(put_exemplars(kSeries, {expected.back()}).ok());
    if (i % 3 == 1) flush();
    if (i % 2 == 1) open();
    EXPECT_EQ(exemplars(), (FoundExemplars{{kSeries, expected}})) << i;
  }
}

TEST_F(Exemplars, ThatMayBeMissingAreWarnedOf) {
  ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase, 1, "a")}).ok());
  flush();
  (void)exemplars();
  EXPECT_TRUE(warnings_.empty());
  const std::string log = logs().front();
  storage_.damage(log, "exemplars");
  open();
  (void)exemplars();
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("exemplars may be missing: " + log + " is damaged"), std::string::npos) << warnings_[0];
  (void)all();
  EXPECT_TRUE(warnings_.empty()) << "samples are all there";
}

TEST_F(Exemplars, OfASeriesThatWasForgottenAreStillAnswered) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(put({{"__name__", "m"}, {"i", std::to_string(i)}}, {{kBase, 1}}).ok());
  ASSERT_TRUE(put_exemplars({{"__name__", "m"}, {"i", "3"}}, {traced(kBase, 1, "a")}).ok());
  now_ += 3 * kHourNs;
  ASSERT_TRUE(put({{"__name__", "later"}}, {{now_, 1}}).ok());
  seal();
  EXPECT_EQ(store_->stat()->head.series, 1U);
  EXPECT_EQ(count(), 1U);
  open();
  EXPECT_EQ(count(), 1U);
}

TEST_F(Exemplars, AreWrittenAnewBySomeFlushesSoThatFewLogsRemain) {
  options_.max_exemplars = 100;
  open();
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(put_exemplars(kSeries, {traced(kBase + i, i, std::to_string(i))}).ok());
    flush();
    EXPECT_LE(logs().size(), 17U);
  }
  open();
  EXPECT_EQ(count(), 40U);
  flush();
  const auto before = logs();
  ASSERT_TRUE(put({{"__name__", "m"}}, {{kBase, 1}}).ok());
  flush();
  EXPECT_EQ(logs(), before) << "nothing new, no log";
}

TEST_F(Exemplars, AreThereWhenTheFirstCommitFailedAndTheBatchCameAgain) {
  const std::vector<Shown> two = {traced(kBase, 1, "a"), traced(kBase + 1, 2, "b")};
  storage_.refuse_writes(TARSIER_RESOURCE);
  EXPECT_FALSE(put_exemplars(kSeries, two).ok());
  EXPECT_FALSE(put_exemplars(kSeries, two).ok());
  storage_.refuse_writes(TARSIER_OK);
  EXPECT_TRUE(put_exemplars(kSeries, two).ok());
  EXPECT_EQ(exemplars(), (FoundExemplars{{kSeries, two}}));
  open();
  EXPECT_EQ(exemplars(), (FoundExemplars{{kSeries, two}}));
}

/// The power goes off after each change that a flush makes to the disk, one after the other.
TEST_F(Exemplars, SurviveAnEndAfterEachStepOfAFlush) {
  FoundExemplars expected;
  bool flushed = false;
  for (uint64_t changes = 0; !flushed; ++changes) {
    ASSERT_LT(changes, 100U);
    const LabelSet series = {{"__name__", "m"}, {"i", std::to_string(changes)}};
    for (int i = 0; i < 2; ++i) {
      const Shown exemplar = traced(kBase + i, i, "a");
      batch::SamplesBuilder builder;
      add_exemplars(builder, series, {exemplar});
      builder.sample(kBase + i, 1);
      ASSERT_TRUE(write_wait(builder).ok());
      expected[series].push_back(exemplar);
    }
    storage_.power_off_after(changes);
    flushed = store_->flush().ok() && storage_.powered();
    close();
    storage_.power_on();
    open();
    ASSERT_EQ(exemplars(), expected) << "after " << changes << " changes";
  }
  EXPECT_FALSE(logs().empty());
}

TEST(ExemplarBuffer, HoldsTheLimitOfItsMemory) {
  ExemplarBuffer buffer(100);
  const std::string labels(3000, 'x');
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(buffer.add(labels + std::to_string(i), {.time = i, .value = 1, .labels = "y"}), ExemplarAdded::kept);
    ASSERT_LE(buffer.bytes(), 100 * ExemplarBuffer::kBytesEach);
  }
  EXPECT_GT(buffer.size(), 10U);
  EXPECT_EQ(buffer.first() + buffer.size(), 1000U);
  const std::string huge(100'000, 'x');
  ASSERT_EQ(buffer.add(huge, {.time = 1, .value = 1, .labels = {}}), ExemplarAdded::kept);
  EXPECT_EQ(buffer.size(), 1U) << "one is always kept";
}

TEST(ExemplarBuffer, ForgetsThemInTheOrderInWhichTheyCame) {
  ExemplarBuffer buffer(50);
  std::map<std::string, std::vector<int64_t>> expected;
  for (int i = 0; i < 500; ++i) {
    const std::string series = std::to_string(i * i % 7);
    ASSERT_EQ(buffer.add(series, {.time = i, .value = 0, .labels = {}}), ExemplarAdded::kept);
    if (i >= 450) expected[series].push_back(i);
  }
  std::map<std::string, std::vector<int64_t>> found;
  buffer.each(0, UINT64_MAX,
              [&](std::string_view series, const Exemplar& exemplar) { found[std::string(series)].push_back(exemplar.time); });
  EXPECT_EQ(found, expected);
}

TEST(ExemplarCodec, GivesBackWhatWasWritten) {
  std::string series, labels;
  const std::vector<Label> pairs = {{"__name__", "m"}, {"long", std::string_view("\0x", 2)}};
  encode_labels(pairs, series);
  std::vector<Label> again;
  ASSERT_TRUE(decode_labels(series, again));
  EXPECT_EQ(again, pairs);
  ExemplarsRecord record;
  std::vector<std::pair<std::string, int64_t>> written, read;
  for (int64_t i = 0; i < 100; ++i) {
    const std::string id = std::to_string(i);
    encode_labels(std::vector<Label>{{"trace_id", id}}, labels);
    const Exemplar exemplar = {
        .time = (i % 2 == 0 ? INT64_MIN : INT64_MAX) + (i % 2 == 0 ? i : -i), .value = -0.0, .labels = labels};
    record.add(i % 3 == 0 ? "" : series, exemplar);
    written.emplace_back(labels, exemplar.time);
  }
  std::vector<uint8_t> bytes;
  record.encode(bytes);
  EXPECT_TRUE(record.empty());
  ASSERT_TRUE(decode_exemplars(bytes, [&](std::string_view of, const Exemplar& exemplar) {
                EXPECT_EQ(of, read.size() % 3 == 0 ? "" : series);
                EXPECT_TRUE(std::signbit(exemplar.value));
                read.emplace_back(exemplar.labels, exemplar.time);
              }).ok());
  EXPECT_EQ(read, written);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_exemplars(std::span(bytes).first(size), [](std::string_view, const Exemplar&) {}).ok()) << size;
}

TEST(ExemplarCodec, HasTheseBytes) {
  std::string series, labels;
  encode_labels(std::vector<Label>{{"a", "b"}}, series);
  encode_labels(std::vector<Label>{{"t", "b"}}, labels);
  ExemplarsRecord record;
  record.add(series, {.time = 3, .value = 1, .labels = labels});
  std::vector<uint8_t> bytes;
  record.encode(bytes);
  const std::vector<uint8_t> expected = {
      1,                                                     // version
      3, 1, 'a', 1, 'b', 1, 't',                             // texts
      1, 1, 0,   1,                                          // series
      1, 0, 6,   0, 0,   0, 0,   0, 0, 0xf0, 0x3f, 1, 2, 1,  // exemplars: series, time, value, labels
  };
  EXPECT_EQ(bytes, expected);
}

}  // namespace
}  // namespace tarsier::samples::test
