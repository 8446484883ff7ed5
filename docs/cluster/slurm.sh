#!/bin/sh
# A sweep as a Slurm array: each task makes its part of the rows.
#
#   sbatch docs/cluster/slurm.sh                   submits it
#   ampacity sweep merge "$OUT"                    when all tasks have ended: sweep.csv, sweep.sqlite
#
# What to change stands in the lines below, or is given to sbatch: `sbatch --array=1-32 ...` needs no
# change here, since every task learns from Slurm which part of how many it is.
#
# Whatever kills a task (a time limit, a lost node, preemption), it goes on where it was when it runs
# again: a row that was written stays, none is written twice. Tasks share nothing but the folder OUT,
# in which each has one of its own, so a shared file system needs no locks between nodes.
#
#SBATCH --job-name=ampacity-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
set -eu

: "${AMPACITY:=ampacity}"              # the program, on every node
: "${SCENARIO:=scenarios/workplace.toml}"
: "${OUT:=reports/sweep-cluster}"      # on a file system that all nodes see

# `exec`, so that signals of Slurm reach the program itself: it ends in order and keeps what it has.
exec "$AMPACITY" sweep "$SCENARIO" --grid site.max_power_kw=40..120:10 --seeds 20 --jobs "${SLURM_CPUS_PER_TASK:-1}" --out "$OUT" --quiet
