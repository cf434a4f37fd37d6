#!/usr/bin/env bash
# Two machines with eight GPUs each that train one run: sbatch docs/scaling/slurm.sh
# Submit from the project's folder, on a file system that all machines share. Not run: no cluster.
#SBATCH --job-name=tunit
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --time=24:00:00
#SBATCH --signal=TERM@120
#SBATCH --requeue
set -euo pipefail

workers=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed 's/.*/"&:2222"/' | paste -sd,)
# SIGTERM two minutes before the end of the time: the run saves and exits; sbatch it again to go on.
# Single quotes: every task inserts its own index.
WORKERS=$workers srun bash -c '
    export TF_CONFIG="{\"cluster\": {\"worker\": [$WORKERS]},
        \"task\": {\"type\": \"worker\", \"index\": $SLURM_PROCID}}"
    exec .venv/bin/python -m tunit_tf.train --flagfile=configs/afhq.cfg --run_dir=runs/afhq --batch_size=64'
