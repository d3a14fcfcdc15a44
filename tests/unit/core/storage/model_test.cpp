// A property test: random transactions, rotations, reopens and restarts of the machine, against std::map.
#include <random>

#include "tests/unit/core/storage/storage_fixture.hpp"

namespace tarsier::storage::testing {
namespace {

class Model : public StorageTest, public ::testing::WithParamInterface<unsigned> {
 protected:
  using Tables = std::map<std::string, Contents>;

  std::string some_key() {
    std::string key = numbered_key(random_() % 64);
    key.append(random_() % 4, 'k');
    return key;
  }
  std::string some_value() {
    static constexpr size_t kSizes[] = {0, 1, 100, 1990, 2030, 4072, 4073, 20000};
    return std::string(kSizes[random_() % std::size(kSizes)], static_cast<char>('a' + random_() % 26));
  }

  /// Makes a random transaction, and does it to the model as the contract says.
  void transact() {
    struct Step {
      tarsier_op_kind kind;
      std::string table, key, value;
    };
    std::vector<Step> steps(1 + random_() % 6);
    Tables after = model_;
    bool valid = true;
    for (Step& step : steps) {
      step = {static_cast<tarsier_op_kind>(1 + random_() % 4), std::string(1, static_cast<char>('t' + random_() % 3)), some_key(),
              some_value()};
      if (step.kind == TARSIER_OP_CLEAR && random_() % 4 != 0) step.kind = TARSIER_OP_PUT;
      Contents& table = after[step.table];
      if (step.kind == TARSIER_OP_APPEND && !table.empty() && random_() % 8 != 0)
        step.key = std::string(table.rbegin()->first).append(1, '+');
      if (step.key.size() > TARSIER_KEY_MAX) step.kind = TARSIER_OP_CLEAR;
      switch (step.kind) {
        case TARSIER_OP_APPEND:
          valid = valid && (table.empty() || step.key > table.rbegin()->first);
          [[fallthrough]];
        case TARSIER_OP_PUT:
          table[step.key] = step.value;
          break;
        case TARSIER_OP_DELETE:
          table.erase(step.key);
          break;
        default:
          table.clear();
      }
    }
    std::vector<tarsier_op> ops;
    for (const Step& step : steps) ops.push_back(op(step.kind, step.table, step.key, step.value));
    const Outcome outcome = write(env_, ops);
    ASSERT_EQ(outcome.status, valid ? TARSIER_OK : TARSIER_INVALID) << outcome.message;
    if (valid) model_ = std::move(after);
  }

  void compare(tarsier_env* env, const Tables& tables) {
    for (const auto& [name, table] : tables) ASSERT_EQ(contents(env, name), table) << name;
  }

  std::mt19937 random_{GetParam()};
  tarsier_env* env_ = nullptr;
  Tables model_;
  std::map<std::string, Tables> sealed_;
};

TEST_P(Model, HoldsWhatTheContractSays) {
  env_ = open("active");
  for (int step = 0; step < 400; ++step) {
    ASSERT_NO_FATAL_FAILURE(transact());
    switch (random_() % 40) {
      case 0: {
        const std::string to = "old/" + std::to_string(step);
        ASSERT_EQ(api().rotate(env_, str(to), nullptr), TARSIER_OK);
        sealed_[to] = std::exchange(model_, {});
        break;
      }
      case 1:
        close(env_);
        env_ = open("active", 0, random_() % 2 == 0 ? TARSIER_DURABILITY_COMMIT : TARSIER_DURABILITY_INTERVAL);
        break;
      case 2:
        options_.boot_id = "boot " + std::to_string(step);  // everything was synced by the close
        restart();
        env_ = open("active", 0);
        break;
      default:
        break;
    }
    if (step % 20 == 0) {
      ASSERT_NO_FATAL_FAILURE(compare(env_, model_));
    }
  }
  ASSERT_NO_FATAL_FAILURE(compare(env_, model_));
  for (const auto& [name, tables] : sealed_) ASSERT_NO_FATAL_FAILURE(compare(open(name, TARSIER_ENV_SEALED), tables));
  EXPECT_EQ(api().verify(client_.host(), str("active"), nullptr, nullptr, nullptr), TARSIER_OK);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Model, ::testing::Range(1U, 7U));

}  // namespace
}  // namespace tarsier::storage::testing
