#include "storage/io/this_thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <array>
#include <string>
#include <thread>

namespace leat::storage {
namespace {

TEST(ThisThread, HasTheNameThatItGaveItself) {
  std::thread([] {
    name_this_thread("leat-test-15-ch");
    std::array<char, 16> name{};
    ASSERT_EQ(::pthread_getname_np(::pthread_self(), name.data(), name.size()), 0);
    EXPECT_EQ(std::string(name.data()), "leat-test-15-ch");
  }).join();
}

TEST(ThisThread, WithShortTurnsHasThePolicyAndTheShareThatItHad) {
  std::thread([] {
    const int nice = ::getpriority(PRIO_PROCESS, 0);
    shorten_turns_of_this_thread();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), nice);
    timespec turn{};
    ASSERT_EQ(::sched_rr_get_interval(0, &turn), 0);
    EXPECT_LT(turn.tv_sec, 1) << "whatever it is on this kernel";
  }).join();
}

TEST(ThisThread, WithAPolicyOfItsOwnIsLeftAlone) {
  std::thread([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_BATCH, &none), 0);
    shorten_turns_of_this_thread();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_BATCH);
  }).join();
}

}  // namespace
}  // namespace leat::storage
