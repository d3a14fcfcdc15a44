// Sets of ids against std::set, in each form that a container can have and at the borders between them.
#include <algorithm>
#include <gtest/gtest.h>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "plugins/storage/samples/id_set_codec.hpp"
#include "plugins/storage/samples/postings.hpp"

namespace tarsier::samples {
namespace {

using Model = std::set<uint32_t>;

IdSet set_of(const Model& ids) {
  IdSet set;
  for (const uint32_t id : ids) set.append(id);
  return set;
}

/// The same in as few calls as there are runs.
IdSet set_of_runs(const Model& ids) {
  IdSet set;
  for (auto at = ids.begin(); at != ids.end();) {
    const uint32_t first = *at;
    uint32_t length = 0;
    while (at != ids.end() && *at == first + length) ++at, ++length;
    set.append_run(first, length);
  }
  return set;
}

class Sets {
 public:
  explicit Sets(uint32_t seed) : random_(seed) {}
  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  /// Few ids, scattered ones, dense ones, runs, all, and several of it in a row of containers.
  Model next() {
    Model ids;
    const uint32_t containers = below(4);
    if (containers == 0) {
      for (uint32_t i = below(4); i > 0; --i) ids.insert(below(200'000));
      return ids;
    }
    for (uint32_t i = 0; i < containers; ++i) add_container(i * (1 + below(2)), ids);
    return ids;
  }

 private:
  void add_container(uint32_t key, Model& ids) {
    const uint32_t base = key * kContainerIds;
    const uint32_t kind = below(6);
    const auto run = [&](uint32_t first, uint32_t length) {
      for (uint32_t id = first; id < std::min(first + length, kContainerIds); ++id) ids.insert(ids.end(), base + id);
    };
    if (kind == 0) run(0, kContainerIds);
    if (kind == 1) run(below(kContainerIds), 1 + below(3));
    if (kind == 2) {
      for (uint32_t i = 0; i < 100; ++i) run(below(kContainerIds), 1);
    }
    if (kind == 3) {
      for (uint32_t i = 0; i < 20; ++i) run(below(kContainerIds), below(3000));
    }
    if (kind == 4) {
      for (uint32_t id = below(7); id < kContainerIds; id += 1 + below(8)) run(id, 1);
    }
    if (kind == 5) {  // about the border between the forms
      const uint32_t count = 4094 + below(5), step = 2 + below(2);
      for (uint32_t i = 0; i < count; ++i) run(i * step, 1);
    }
  }
  std::mt19937 random_;
};

void expect_equal(const IdSet& set, const Model& model) {
  ASSERT_EQ(set.size(), model.size());
  ASSERT_EQ(set.empty(), model.empty());
  auto at = model.begin();
  for (const uint32_t id : set) ASSERT_EQ(id, *at++);
  ASSERT_EQ(at, model.end());
}

TEST(IdSet, HoldsWhatWasAppendedOneByOneOrInRuns) {
  Sets sets(1);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    const Model model = sets.next();
    const IdSet set = set_of(model);
    expect_equal(set, model);
    expect_equal(set_of_runs(model), model);
    const IdSet copy = set;
    expect_equal(copy, model);
    EXPECT_LE(copy.memory_bytes(), set.memory_bytes());
  }
}

TEST(IdSet, FindsCountsAndGoesToTheNext) {
  Sets sets(2);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE(round);
    const Model model = sets.next();
    const IdSet set = set_of_runs(model);
    for (int i = 0; i < 300; ++i) {
      const uint32_t id = sets.below(5 * kContainerIds);
      const auto next = model.lower_bound(id);
      ASSERT_EQ(set.contains(id), model.count(id) == 1) << id;
      ASSERT_EQ(set.next(id), next == model.end() ? kNoId : *next) << id;
      if (i % 60 == 0) {
        ASSERT_EQ(set.count_from(id), std::distance(next, model.end())) << id;
      }
    }
    for (const uint32_t border : {0U, kContainerIds - 1, kContainerIds, 2 * kContainerIds - 1, kNoId}) {
      const auto next = model.lower_bound(border);
      ASSERT_EQ(set.next(border), next == model.end() ? kNoId : *next) << border;
    }
  }
}

TEST(IdSet, IntersectsSubtractsMeetsAndUnites) {
  Sets sets(3);
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE(round);
    const Model a = sets.next(), b = sets.next(), c = sets.next();
    const IdSet left = set_of(a), right = set_of_runs(b);
    Model both, rest, all = a;
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(both, both.end()));
    std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(rest, rest.end()));
    all.insert(b.begin(), b.end());
    all.insert(c.begin(), c.end());
    expect_equal(intersect(left, right), both);
    expect_equal(intersect(right, left), both);
    expect_equal(subtract(left, right), rest);
    ASSERT_EQ(meet(left, right), !both.empty());
    ASSERT_EQ(meet(right, left), !both.empty());
    IdUnion unite;
    for (const Model* model : {&a, &b, &c}) unite.add(set_of(*model));
    expect_equal(unite.take(), all);
    EXPECT_TRUE(unite.take().empty());
  }
}

TEST(IdSet, IsMovedSwappedAndUsedAgain) {
  const Model few = {7, 70'000}, many = {1, 2, 3, 5, 8, 100'000};
  for (const auto& [a, b] : {std::pair{few, many}, std::pair{many, few}, std::pair{few, few}, std::pair{many, many}}) {
    IdSet one = set_of(a), other = set_of(b);
    other = std::move(one);
    expect_equal(other, a);
    other.clear();
    EXPECT_TRUE(other.empty());
    EXPECT_EQ(other.next(0), kNoId);
    expect_equal(IdSet(other), {});
    for (const uint32_t id : b) other.append(id);
    expect_equal(other, b);
  }
}

TEST(IdSet, TakesLittleMemory) {
  EXPECT_EQ(set_of({1, 4'000'000'000}).memory_bytes(), 0U);
  const IdSet all = IdSet::first(1'000'000);
  EXPECT_EQ(all.size(), 1'000'000U);
  EXPECT_LT(all.memory_bytes(), 500U);
  IdSet appended, random;
  std::mt19937 dice(4);
  for (uint32_t id = 0; id < 1'000'000; ++id) {
    appended.append(id);
    if (dice() % 2 == 0) random.append(id);
  }
  EXPECT_LT(appended.memory_bytes(), 500U);
  EXPECT_LT(random.memory_bytes(), 1'000'000U / 8 * 5 / 4 + 100);
}

TEST(IdSet, IsEncodedAndGivenBack) {
  Sets sets(5);
  for (int round = 0; round < 25; ++round) {
    SCOPED_TRACE(round);
    const Model model = sets.next();
    if (model.empty()) continue;
    std::vector<uint8_t> bytes;
    ByteWriter writer(bytes);
    encode_ids(set_of(model), writer);
    const uint32_t bound = *model.rbegin() + 1;
    IdSet room;
    const auto read = StoredSet(bytes, model.size(), bound, "here").read(room);
    ASSERT_TRUE(read.ok());
    expect_equal(**read, model);
    const auto refused = [&](std::span<const uint8_t> encoded, uint64_t count, uint32_t below) {
      IdSet unused;
      const auto wrong = StoredSet(encoded, count, below, "here").read(unused);
      return !wrong.ok() && wrong.error().code() == TARSIER_CORRUPT && wrong.error().message().starts_with("here: ");
    };
    EXPECT_TRUE(refused(bytes, model.size(), bound - 1)) << "beyond the last series";
    EXPECT_TRUE(refused(bytes, model.size() + 1, bound + 1)) << "more than there are";
    EXPECT_TRUE(refused(bytes, model.size() - 1, bound)) << "fewer than there are";
    EXPECT_TRUE(refused(std::span(bytes).first(bytes.size() - 1), model.size(), bound)) << "cut off";
  }
}

TEST(IdSet, IsEncodedInFewBytes) {
  const auto size = [](const Model& model) {
    std::vector<uint8_t> bytes;
    ByteWriter writer(bytes);
    encode_ids(set_of(model), writer);
    return bytes.size();
  };
  Model run, dense, scattered;
  std::mt19937 dice(6);
  for (uint32_t id = 0; id < kContainerIds; ++id) {
    run.insert(id);
    if (dice() % 2 == 0) dense.insert(id);
    if (id % 100 == 0) scattered.insert(id);
  }
  EXPECT_LE(size({70'000}), 3U);
  EXPECT_LE(size(run), 8U);
  EXPECT_LE(size(dense), kContainerIds / 8 + 4U);
  EXPECT_LE(size(scattered), 2 * scattered.size() + 1);
}

TEST(PostingsMap, KeepsTheSetOfEachPair) {
  PostingsMap map;
  std::map<std::pair<uint32_t, uint32_t>, Model> model;
  std::mt19937 random(7);
  for (uint32_t id = 0; id < 3000; ++id) {
    for (uint32_t name = 0; name < 3; ++name) {
      const uint32_t value = name == 0 ? 0 : static_cast<uint32_t>(random() % (name == 1 ? 50 : 3000));
      EXPECT_EQ(map.append(name, value, id), !model.contains({name, value}));
      model[{name, value}].insert(id);
    }
  }
  EXPECT_EQ(map.size(), model.size());
  EXPECT_EQ(map.find(9, 9), nullptr);
  for (const auto& [pair, ids] : model) expect_equal(*map.find(pair.first, pair.second), ids);
}

}  // namespace
}  // namespace tarsier::samples
